"""Intermediate values of a running trial, and whether it is worth going on."""

import operator
from collections.abc import Mapping
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.optuna.finished_trials import TrialCache
from airflow_hpo.optuna.judge import Judgement, judge
from airflow_hpo.optuna.pruners import pruner_for
from airflow_hpo.optuna.read import StudyReader
from airflow_hpo.optuna.write import LockedTrial, locked_trial
from airflow_hpo.storage.database import Database


class PruningSession:
    """What one running trial reports; kept open, so that finished trials are read from the database once."""

    def __init__(self, database: Database, edition: str, study: Study, number: int) -> None:
        self._database = database
        self._edition = edition
        self._study = study
        self._number = number
        self._pruner = pruner_for(study)
        self._cache = TrialCache(edition)

    def judge(self, values: Mapping[int, float]) -> Judgement:
        """Ask the pruner about values that have come, in their order; nothing is stored."""
        given = {operator.index(step): float(value) for step, value in values.items()}
        if given and min(given) < 0:
            raise PermanentHpoError(
                f"Steps count from 0, but trial {self._number} of {self._edition!r} reported step {min(given)}. "
                f"Report another."
            )
        if self._pruner is None or not given:
            return Judgement(given)
        stored, trials = self._cache.snapshot(StudyReader(self._database))
        return judge(self._study, self._pruner, stored, trials, self._number, given)

    def locked(self, within: Connection | None = None) -> AbstractContextManager[LockedTrial]:
        """Take hold of the trial, for what is judged to be stored on it."""
        return locked_trial(within or self._database, self._edition, self._number)

    def keep(self, judged: Judgement, trial: LockedTrial) -> None:
        """Store what was judged, unless the trial has ended; the first value of a step stays, so that repeating is safe."""
        if trial.running:
            trial.report(judged.values)
            trial.note(judged.notes, system=True)
