"""Checks of the declarations that task groups take."""

from __future__ import annotations

from typing import Any

from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.task_groups.backends import TrialBackend
from airflow_hpo.task_groups.pipeline import GroupTrial


def check_declarations(study: Any, trial: Any) -> None:
    """Raise unless they are a study and the declaration of what runs its trials."""
    if not isinstance(study, Study):
        raise DeclarationError(f"A study is declared by Study(...), but got {study!r}. Declare one.")
    if not isinstance(trial, TrialBackend | GroupTrial):
        raise DeclarationError(
            f"What runs a trial is a ProcessTrial, PythonTrial, GroupTrial, PodTrial or JobTrial, but got {trial!r}. "
            "Declare one."
        )
