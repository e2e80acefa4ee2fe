"""Work of a trial task, as its arguments are rendered."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.context import render_template_to_string

from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.templates import text_templates
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.core.work import Work, told_work
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.steady_context import rendered, steady

if TYPE_CHECKING:
    import jinja2


def rendered_work(
    as_written: str,
    arguments: Mapping[str, Any],
    metrics: MetricSource | None,
    files: str,
    request: TrialRequest,
    context: Any,
    environment: jinja2.Environment,
    *,
    strict: bool = False,
) -> Work:
    """Return the work of a task; what templates render to, secrets among it, is hashed and kept nowhere."""
    known: Any = steady(context, request)
    templates = text_templates(environment, as_variables=True)

    def render(text: str) -> str:
        return render_template_to_string(templates.from_string(text), known)

    data = {"arguments": rendered(dict(arguments), render, strict=strict)}
    if metrics is not None:
        data["metrics"] = _read(metrics, lambda path: str(rendered(path, render, strict=strict)))
    return Work(as_written, fingerprint(data), told_work(request), files)


def _read(metrics: MetricSource, render: Any) -> dict[str, Any]:
    """Return how metrics are read; an option that is not used may be one that a later version has brought."""
    with suppress(DeclarationError):  # raised once more where the path is needed
        metrics = metrics.rendered(render)
    return {**metrics.model_dump(mode="json", exclude_defaults=True), "type": metrics.type}
