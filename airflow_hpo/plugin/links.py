"""Buttons of our tasks that lead to their page: made in the API server when a person looks at a task, from its ids alone.

So they are there before the task has run and while it is deferred, and cost the task nothing. Where they lead is found when one is
clicked (``plugin.routes.go``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

STUDY = {
    "airflow_hpo.operators.study": ("StudyStartOperator", "StudySuggestOperator", "StudyFinishOperator"),
    "airflow_hpo.sensors.study": ("StudySensor",),
    "airflow_hpo.operators.evaluation": ("EvaluationPlanOperator", "EvaluationCollectOperator"),
}
TRIAL = {
    "airflow_hpo.operators.process": ("TrialProcessOperator",),
    "airflow_hpo.operators.function": ("TrialPythonOperator",),
    "airflow_hpo.operators.pod": ("TrialPodOperator",),
    "airflow_hpo.operators.job": ("TrialJobOperator",),
    "airflow_hpo.operators.group": ("TrialOpenOperator", "TrialOutcomeOperator"),
}
DECISION = {
    "airflow_hpo.operators.comparison": ("CompareOperator", "LastComparisonOperator", "DecisionBranchOperator"),
    "airflow_hpo.operators.approval": ("PromotionApprovalOperator",),
}
PARAMETER_SET = {"airflow_hpo.operators.promotion": ("PromoteOperator", "RollbackOperator")}
"""Classes of tasks by module. Airflow compares their names, so the modules, Kubernetes among them, are not imported."""


class PageLink:
    """Button of some tasks, in the form in which Airflow takes it from a plugin."""

    def __init__(self, name: str, classes: Mapping[str, tuple[str, ...]]) -> None:
        self.name = name
        self.operators = [type(each, (), {"__module__": module}) for module, names in classes.items() for each in names]

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address that finds the page of a task."""
        from airflow_hpo.plugin.pages import PREFIX, base_path

        task = {name: getattr(ti_key, name) for name in ("dag_id", "run_id", "task_id", "map_index")}
        return f"{base_path()}{PREFIX}/api/v1/go?{urlencode(task)}"


def page_links() -> list[PageLink]:
    """Return the buttons; Airflow shows the names to people."""
    return [
        PageLink("Study", STUDY),
        PageLink("Trial", TRIAL),
        PageLink("Decision", DECISION),
        PageLink("Parameter set", PARAMETER_SET),
    ]
