"""The page of a task's log in Airflow's UI."""

from __future__ import annotations

from airflow_hpo.core.attempt import TaskRun


def log_url(task: TaskRun) -> str | None:
    """Return the address of a task's log; None where Airflow does not know its own address (``[api] base_url``)."""
    from airflow.models.taskinstance import TaskInstance  # noqa: TID251
    from airflow.sdk.configuration import conf

    if not conf.get("api", "base_url", fallback=""):
        return None
    # The property reads nothing but the names that a task run has too, so Airflow's way to an address stands once.
    return str(vars(TaskInstance)["log_url"].fget(task))
