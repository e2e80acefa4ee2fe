"""Hyperparameter optimisation in Apache Airflow: tune, compare with production, decide, promote, roll back, repeat.

Public names are loaded when they are first used, so that importing this package costs nothing: Airflow reads it at every
start, and trial programs may import ``airflow_hpo.reporting`` from it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "airflow_hpo.comparison.rule": (
        "ComparisonRule",
        "Guardrail",
    ),
    "airflow_hpo.core.algorithms": (
        "Pruner",
        "Sampler",
    ),
    "airflow_hpo.core.evaluation": (
        "Candidate",
        "Scenario",
    ),
    "airflow_hpo.core.metrics.source": (
        "File",
        "Stdout",
        "TerminationMessage",
    ),
    "airflow_hpo.core.objective": ("Objective",),
    "airflow_hpo.core.space": (
        "Categorical",
        "Float",
        "Int",
    ),
    "airflow_hpo.core.study": (
        "Study",
        "WarmStart",
    ),
    "airflow_hpo.core.window": (
        "Period",
        "Window",
    ),
    "airflow_hpo.exceptions": (
        "HpoError",
        "TrialFailedError",
        "TrialPruned",
    ),
    "airflow_hpo.hooks.hpo": ("HpoHook",),
    "airflow_hpo.notifications.hpo": ("HpoNotifier",),
    "airflow_hpo.operators.approval": ("PromotionApprovalOperator",),
    "airflow_hpo.operators.comparison": (
        "CompareOperator",
        "DecisionBranchOperator",
    ),
    "airflow_hpo.operators.evaluation": (
        "EvaluationCollectOperator",
        "EvaluationPlanOperator",
    ),
    "airflow_hpo.operators.function": ("TrialPythonOperator",),
    "airflow_hpo.operators.job": ("TrialJobOperator",),
    "airflow_hpo.operators.pod": ("TrialPodOperator",),
    "airflow_hpo.operators.process": ("TrialProcessOperator",),
    "airflow_hpo.operators.promotion": (
        "PromoteOperator",
        "RollbackOperator",
        "parameter_set_asset",
    ),
    "airflow_hpo.operators.scenarios": ("ScenariosOperator",),
    "airflow_hpo.operators.selection": (
        "SelectCandidatesOperator",
        "SelectChallengerOperator",
    ),
    "airflow_hpo.operators.study": (
        "StudyFinishOperator",
        "StudyStartOperator",
        "StudySuggestOperator",
        "study_asset",
    ),
    "airflow_hpo.retuning.approval": ("Approval",),
    "airflow_hpo.retuning.dag": ("retuning_dag",),
    "airflow_hpo.retuning.regions": ("retuning_dags",),
    "airflow_hpo.sensors.study": ("StudySensor",),
    "airflow_hpo.task_groups.backends": (
        "ProcessTrial",
        "PythonTrial",
    ),
    "airflow_hpo.task_groups.compare": ("CompareTaskGroup",),
    "airflow_hpo.task_groups.evaluate": ("EvaluateTaskGroup",),
    "airflow_hpo.task_groups.jobs": ("JobTrial",),
    "airflow_hpo.task_groups.pipeline": ("GroupTrial",),
    "airflow_hpo.task_groups.pods": ("PodTrial",),
    "airflow_hpo.task_groups.tune": ("TuneTaskGroup",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Approval",
    "Candidate",
    "Categorical",
    "CompareOperator",
    "CompareTaskGroup",
    "ComparisonRule",
    "DecisionBranchOperator",
    "EvaluateTaskGroup",
    "EvaluationCollectOperator",
    "EvaluationPlanOperator",
    "File",
    "Float",
    "GroupTrial",
    "Guardrail",
    "HpoError",
    "HpoHook",
    "HpoNotifier",
    "Int",
    "JobTrial",
    "Objective",
    "Period",
    "PodTrial",
    "ProcessTrial",
    "PromoteOperator",
    "PromotionApprovalOperator",
    "Pruner",
    "PythonTrial",
    "RollbackOperator",
    "Sampler",
    "Scenario",
    "ScenariosOperator",
    "SelectCandidatesOperator",
    "SelectChallengerOperator",
    "Stdout",
    "Study",
    "StudyFinishOperator",
    "StudySensor",
    "StudyStartOperator",
    "StudySuggestOperator",
    "TerminationMessage",
    "TrialFailedError",
    "TrialJobOperator",
    "TrialPodOperator",
    "TrialProcessOperator",
    "TrialPruned",
    "TrialPythonOperator",
    "TuneTaskGroup",
    "WarmStart",
    "Window",
    "__version__",
    "parameter_set_asset",
    "retuning_dag",
    "retuning_dags",
    "study_asset",
]

if TYPE_CHECKING:
    from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
    from airflow_hpo.core.algorithms import Pruner, Sampler
    from airflow_hpo.core.evaluation import Candidate, Scenario
    from airflow_hpo.core.metrics.source import File, Stdout, TerminationMessage
    from airflow_hpo.core.objective import Objective
    from airflow_hpo.core.space import Categorical, Float, Int
    from airflow_hpo.core.study import Study, WarmStart
    from airflow_hpo.core.window import Period, Window
    from airflow_hpo.exceptions import HpoError, TrialFailedError, TrialPruned
    from airflow_hpo.hooks.hpo import HpoHook
    from airflow_hpo.notifications.hpo import HpoNotifier
    from airflow_hpo.operators.approval import PromotionApprovalOperator
    from airflow_hpo.operators.comparison import CompareOperator, DecisionBranchOperator
    from airflow_hpo.operators.evaluation import EvaluationCollectOperator, EvaluationPlanOperator
    from airflow_hpo.operators.function import TrialPythonOperator
    from airflow_hpo.operators.job import TrialJobOperator
    from airflow_hpo.operators.pod import TrialPodOperator
    from airflow_hpo.operators.process import TrialProcessOperator
    from airflow_hpo.operators.promotion import PromoteOperator, RollbackOperator, parameter_set_asset
    from airflow_hpo.operators.scenarios import ScenariosOperator
    from airflow_hpo.operators.selection import SelectCandidatesOperator, SelectChallengerOperator
    from airflow_hpo.operators.study import StudyFinishOperator, StudyStartOperator, StudySuggestOperator, study_asset
    from airflow_hpo.retuning.approval import Approval
    from airflow_hpo.retuning.dag import retuning_dag
    from airflow_hpo.retuning.regions import retuning_dags
    from airflow_hpo.sensors.study import StudySensor
    from airflow_hpo.task_groups.backends import ProcessTrial, PythonTrial
    from airflow_hpo.task_groups.compare import CompareTaskGroup
    from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup
    from airflow_hpo.task_groups.jobs import JobTrial
    from airflow_hpo.task_groups.pipeline import GroupTrial
    from airflow_hpo.task_groups.pods import PodTrial
    from airflow_hpo.task_groups.tune import TuneTaskGroup


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
