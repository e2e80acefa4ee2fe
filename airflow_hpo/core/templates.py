"""Jinja environment of a trial's arguments, which are text for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_hpo.core.environment import as_text

if TYPE_CHECKING:
    import jinja2


def text_templates(environment: jinja2.Environment, *, as_variables: bool) -> jinja2.Environment:
    """Return an environment in which every expression becomes text, also where the author's makes Python objects.

    Values stay what they are inside of expressions, such as ``{% if trial.params.x %}``; only what is written is text.
    """
    return environment.overlay(finalize=as_text if as_variables else str)
