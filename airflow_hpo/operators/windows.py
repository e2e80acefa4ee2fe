"""Windows of a DAG run: as declared, or as the run was triggered with."""

from collections.abc import Iterator
from typing import Any

from airflow.sdk import Context

from airflow_hpo.core.window import Window
from airflow_hpo.core.window_form import PREFIX, FormWindow, triggered, triggered_windows, window_text


def window_in(window: Window, context: Context) -> Window:
    """Return what a declared window is in a DAG run."""
    return triggered(window, context["params"].get(window.field)) if isinstance(window, FormWindow) else window


def other_windows(context: Context) -> dict[str, tuple[str, str]]:
    """Return the windows that a DAG run was triggered with, by their fields: as declared and as they are.

    :raises DeclarationError: when they do not fit together, or have no scenarios for what comes later.
    """
    dag: Any = context["dag"]
    tasks = [task for task in dag.tasks if isinstance(getattr(task, "window", None), FormWindow)]
    declared = {task.window.field: task.window for task in tasks}
    found = triggered_windows(declared, context["params"]) if declared else {}
    other = {
        name: (declared[name].text, window_text(window))
        for name, window in found.items()
        if window is not declared[name]
    }
    for task in tasks if other else ():
        if check := getattr(task, "check_window", None):
            check(found[task.window.field])
    return other


def without_prefix(context: Context) -> Iterator[str]:
    """Yield a remark on each window of a trigger that lacks the prefix, and changes nothing."""
    dag: Any = context["dag"]
    for field in dict.fromkeys(name for name in dag.params if name.startswith(PREFIX)):
        name = field.removeprefix(PREFIX)
        if name in (context["dag_run"].conf or {}) and name not in dag.params:
            yield f"The conf's {name!r} is no field of the form and changes nothing. Write {field!r}."
