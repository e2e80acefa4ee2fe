"""Intermediate values of a running trial, and whether it is worth going on."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from optuna import pruners
from optuna.pruners import BasePruner
from sqlalchemy import Connection

from airflow_hpo.core.algorithms import PRUNERS
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.optuna.finished_trials import TrialCache
from airflow_hpo.optuna.log_filters import without_announcements
from airflow_hpo.optuna.read import StudyReader
from airflow_hpo.optuna.snapshot import Snapshot
from airflow_hpo.optuna.write import locked_trial
from airflow_hpo.storage.database import Database


def pruner_for(study: Study) -> BasePruner | None:
    """Build the study's pruner; None when it has none."""
    if study.pruner.name == "none":
        return None
    options = PRUNERS[study.pruner.name].model_validate(study.pruner.options).model_dump(exclude_none=True)
    with without_announcements():
        return _BUILDERS[study.pruner.name](**options)


class PruningSession:
    """What one running trial reports; kept open, so that finished trials are read from the database once."""

    def __init__(self, database: Database, edition: str, study: Study, number: int) -> None:
        self._database = database
        self._edition = edition
        self._number = number
        self._pruner = pruner_for(study)
        self._cache = TrialCache(StudyReader(database), edition)

    def keep(self, values: Mapping[int, float], within: Connection | None = None) -> bool:
        """Store intermediate values; return whether the trial still runs, else nothing is stored.

        The first value of a step stays, so that repeating is safe.
        """
        given = {operator.index(step): float(value) for step, value in values.items()}
        if given and min(given) < 0:
            raise PermanentHpoError(
                f"Steps count from 0, but trial {self._number} of {self._edition!r} reported step {min(given)}. "
                f"Report another."
            )
        with locked_trial(within or self._database, self._edition, self._number) as trial:
            if trial.running:
                trial.report(given)
            return trial.running

    def should_prune(self) -> bool:
        """Ask the pruner about the last reported step."""
        if self._pruner is None:
            return False
        stored, trials = self._cache.snapshot()
        snapshot = Snapshot(stored, trials)
        trial = trials[self._number]
        before = dict(trial.system_attrs)
        answer = bool(self._pruner.prune(snapshot.study(pruner=self._pruner), trial))
        after = snapshot.trial(self._number).system_attrs
        self._keep({key: value for key, value in after.items() if key not in before or before[key] != value})
        return answer

    def _keep(self, attrs: dict[str, Any]) -> None:
        """Store what the pruner noted on the trial, such as the rungs it has climbed: others are judged by it."""
        if attrs:
            with locked_trial(self._database, self._edition, self._number) as trial:
                if trial.running:
                    trial.note(attrs, system=True)


def _patient(patience: int, min_delta: float = 0.0, **median: Any) -> BasePruner:
    return pruners.PatientPruner(pruners.MedianPruner(**median), patience=patience, min_delta=min_delta)


_BUILDERS: dict[str, Callable[..., BasePruner]] = {
    "median": pruners.MedianPruner,
    "percentile": pruners.PercentilePruner,
    "successive_halving": pruners.SuccessiveHalvingPruner,
    "hyperband": pruners.HyperbandPruner,
    "threshold": pruners.ThresholdPruner,
    "patient": _patient,
    "wilcoxon": pruners.WilcoxonPruner,
}
