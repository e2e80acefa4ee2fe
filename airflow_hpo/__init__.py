"""Hyperparameter optimisation in Apache Airflow: tune, compare with production, decide, promote, roll back, repeat.

Public names are loaded when they are first used, so that importing this package costs nothing: Airflow reads it at every
start, and trial programs may import ``airflow_hpo.reporting`` from it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "airflow_hpo.core.algorithms": ("Pruner", "Sampler"),
    "airflow_hpo.core.metrics.source": ("File", "Stdout", "TerminationMessage"),
    "airflow_hpo.core.objective": ("Objective",),
    "airflow_hpo.core.space": ("Categorical", "Float", "Int"),
    "airflow_hpo.core.study": ("Study", "WarmStart"),
    "airflow_hpo.exceptions": ("HpoError", "TrialFailedError", "TrialPruned"),
    "airflow_hpo.hooks.hpo": ("HpoHook",),
    "airflow_hpo.operators.function": ("TrialPythonOperator",),
    "airflow_hpo.operators.pod": ("TrialPodOperator",),
    "airflow_hpo.operators.process": ("TrialProcessOperator",),
    "airflow_hpo.operators.study": (
        "StudyFinishOperator",
        "StudyStartOperator",
        "StudySuggestOperator",
        "study_asset",
    ),
    "airflow_hpo.sensors.study": ("StudySensor",),
    "airflow_hpo.task_groups.backends": ("ProcessTrial", "PythonTrial"),
    "airflow_hpo.task_groups.pipeline": ("GroupTrial",),
    "airflow_hpo.task_groups.pods": ("PodTrial",),
    "airflow_hpo.task_groups.tune": ("TuneTaskGroup",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Categorical",
    "File",
    "Float",
    "GroupTrial",
    "HpoError",
    "HpoHook",
    "Int",
    "Objective",
    "PodTrial",
    "ProcessTrial",
    "Pruner",
    "PythonTrial",
    "Sampler",
    "Stdout",
    "Study",
    "StudyFinishOperator",
    "StudySensor",
    "StudyStartOperator",
    "StudySuggestOperator",
    "TerminationMessage",
    "TrialFailedError",
    "TrialPodOperator",
    "TrialProcessOperator",
    "TrialPruned",
    "TrialPythonOperator",
    "TuneTaskGroup",
    "WarmStart",
    "__version__",
    "study_asset",
]

if TYPE_CHECKING:
    from airflow_hpo.core.algorithms import Pruner, Sampler
    from airflow_hpo.core.metrics.source import File, Stdout, TerminationMessage
    from airflow_hpo.core.objective import Objective
    from airflow_hpo.core.space import Categorical, Float, Int
    from airflow_hpo.core.study import Study, WarmStart
    from airflow_hpo.exceptions import HpoError, TrialFailedError, TrialPruned
    from airflow_hpo.hooks.hpo import HpoHook
    from airflow_hpo.operators.function import TrialPythonOperator
    from airflow_hpo.operators.pod import TrialPodOperator
    from airflow_hpo.operators.process import TrialProcessOperator
    from airflow_hpo.operators.study import (
        StudyFinishOperator,
        StudyStartOperator,
        StudySuggestOperator,
        study_asset,
    )
    from airflow_hpo.sensors.study import StudySensor
    from airflow_hpo.task_groups.backends import ProcessTrial, PythonTrial
    from airflow_hpo.task_groups.pipeline import GroupTrial
    from airflow_hpo.task_groups.pods import PodTrial
    from airflow_hpo.task_groups.tune import TuneTaskGroup


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
