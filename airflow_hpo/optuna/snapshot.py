"""A study held in memory with the trials of the stored one, in which samplers and pruners can work without a query."""

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from airflow_hpo.optuna.log_filters import without_announcements
from airflow_hpo.optuna.read import StoredStudy


class Snapshot(InMemoryStorage):
    """Optuna's in-memory storage, filled at once and without copying.

    Trials keep the ids they have in the database, since NSGA-II remembers parents by id. Waiting trials look failed:
    no sampler may take them as its own.
    """

    def __init__(self, stored: StoredStudy, trials: Sequence[FrozenTrial], further: Sequence[FrozenTrial] = ()) -> None:
        super().__init__()
        self._stored = stored
        with without_announcements():
            self._study_id = self.create_new_study(stored.directions, stored.name)
        held = self._studies[self._study_id]
        held.system_attrs = dict(stored.system_attrs)
        newest = max((_id(trial) for trial in trials), default=-1)
        trials = [*trials, *(_named(each, len(trials) + i, newest + i + 1) for i, each in enumerate(further))]
        held.trials = [_without_waiting(trial) for trial in trials]
        self._trial_id_to_study_id_and_number = {_id(t): (self._study_id, i) for i, t in enumerate(trials)}
        self._max_trial_id = max((_id(trial) for trial in trials), default=-1)
        for trial in trials:
            self._update_cache(_id(trial), self._study_id)

    def study(self, sampler: BaseSampler | None = None, pruner: BasePruner | None = None) -> optuna.Study:
        """Return the study."""
        return optuna.load_study(
            study_name=self._stored.name, storage=self, sampler=sampler or RandomSampler(), pruner=pruner or NopPruner()
        )

    def trial(self, number: int) -> FrozenTrial:
        """Return a trial with everything that samplers and pruners have written to it."""
        return self._studies[self._study_id].trials[number]

    def take_back(self, trial: FrozenTrial) -> None:
        """Forget the newest trial, as if it had never been asked for."""
        self._studies[self._study_id].trials.pop()
        del self._trial_id_to_study_id_and_number[_id(trial)]

    def end(self, ended: FrozenTrial) -> None:
        """Put a trial that has ended in place of the newest one, which runs."""
        trials = self._studies[self._study_id].trials
        trials[-1] = _named(ended, trials[-1].number, _id(trials[-1]))

    @property
    def changed_system_attrs(self) -> dict[str, Any]:
        """What samplers have written to the study since it was stored."""
        before, after = self._stored.system_attrs, self._studies[self._study_id].system_attrs
        return {key: value for key, value in after.items() if key not in before or before[key] != value}


def _id(trial: FrozenTrial) -> int:
    return trial._trial_id  # noqa: SLF001 - samplers name trials by their id, and Optuna gives it no public name


def _named(trial: FrozenTrial, number: int, trial_id: int) -> FrozenTrial:
    trial.number, trial._trial_id = number, trial_id  # noqa: SLF001 - as above
    return trial


def _without_waiting(trial: FrozenTrial) -> FrozenTrial:
    if trial.state is not TrialState.WAITING:
        return trial
    return FrozenTrial(
        number=trial.number,
        state=TrialState.FAIL,
        value=None,
        datetime_start=trial.datetime_start,
        datetime_complete=trial.datetime_start,
        params={},
        distributions={},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
        trial_id=_id(trial),
    )
