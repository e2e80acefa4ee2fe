"""Windows that a run may be triggered with in place of those that its DAG declares."""

import re
from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.window import Window, check_apart, check_order
from airflow_hpo.exceptions import DeclarationError

PREFIX = "window."
"""Begins the names of the fields, such as ``window.tuning``."""


class FormWindow(Window):
    """A declared window, with the name of its field."""

    field: str

    @property
    def text(self) -> str:
        """What the field shows, such as ``-20w, -8w``."""
        return window_text(self)


def window_text(window: Window) -> str:
    """Return a window as a person types it."""
    return ", ".join(f"-{ago}" for ago in window.name.split("-") if not ago.startswith("0"))


def triggered(declared: FormWindow, given: Any) -> Window:
    """Return the window of a run, from what its field has; an empty one is as declared.

    :raises DeclarationError: when it is no window.
    """
    if given in (None, "", declared.text):
        return declared
    parts = re.findall(r"[^\s,()'\"]+", given) if isinstance(given, str) else []
    parts = [part for part in parts if part != "to"]
    if len(parts) not in (1, 2):
        raise DeclarationError(
            f"A window has a start and an end, but got {declared.field}={brief_repr(given)}. Write {declared.text!r}."
        )
    return Window(*parts)


def triggered_windows(declared: Mapping[str, FormWindow], given: Mapping[str, Any]) -> dict[str, Window]:
    """Return the windows of a run by the names of their fields, checked together as the declared ones were.

    :raises DeclarationError: when a name is none of a field, or the windows do not fit together.
    """
    for name in given:
        if name.startswith(PREFIX) and name not in declared:
            hint = nearest(name, list(declared)) or f" It has {', '.join(declared)}."
            raise DeclarationError(f"The form has no window {name!r}.{hint}")
    found = {name: triggered(window, given.get(name)) for name, window in declared.items()}
    by_argument = {name.removeprefix(PREFIX): window for name, window in found.items()}
    check_apart(**by_argument)
    tuning, test = (f"{PREFIX}{argument}" for argument in ("tuning", "test"))
    if tuning in found and test in found and declared[tuning].start < declared[test].end:
        check_order(found[tuning], found[test])
    return found
