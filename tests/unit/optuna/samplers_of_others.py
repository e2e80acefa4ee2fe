"""Samplers as people write them, good ones and those that need one object for all trials."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState


class Nearby(BaseSampler):
    """Suggests a point near the best one; what it knows comes from the study."""

    def __init__(self, width: float, *, seed: int | None = None) -> None:
        self._width, self._random = width, random.Random(seed)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        assert isinstance(param_distribution, FloatDistribution)
        low, high = param_distribution.low, param_distribution.high
        if not any(each.state is TrialState.COMPLETE for each in study.get_trials(deepcopy=False)):
            return self._random.uniform(low, high)
        value = study.best_trial.params[param_name] + self._random.gauss(0, self._width)
        return min(max(value, low), high)


class Delegating(RandomSampler):
    """Hands a hook on, which does nothing."""

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        super().after_trial(study, trial, state, values)


class Counting(Nearby):
    """Keeps a number in its object."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(0.1, seed=seed)
        self.asked = 0

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self.asked += 1


class Cached(Counting):
    """Says that what it keeps only saves time."""

    hpo_caches: ClassVar = ("asked",)


class Queue(Nearby):
    """Goes on in a list that no other object has."""

    def __init__(self) -> None:
        super().__init__(0.1)
        self._points = iter([0.1, 0.2, 0.3, 0.4] * 9)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return next(self._points)


class Learning(RandomSampler):
    """Learns when a trial ends."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.values: list[float] = []

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self.values.extend(values or ())


class Noting(RandomSampler):
    """Writes when a trial ends."""

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        study._storage.set_study_system_attr(study._study_id, "generation", 1)


class Writing(RandomSampler):
    """Writes what is not kept."""

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        study.set_user_attr("phase", "warm")


class Keeping(Nearby):
    """Counts in the study's system attributes."""

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        attrs = study._storage.get_study_system_attrs(study._study_id)
        study._storage.set_study_system_attr(study._study_id, "mine:asked", attrs.get("mine:asked", 0) + 1)
        study._storage.set_trial_system_attr(trial._trial_id, "mine:turn", attrs.get("mine:asked", 0))


class Pareto(RandomSampler):
    """Needs two objectives."""

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        if len(study.directions) < 2:
            raise ValueError("at least two objectives are needed.")


class Unfinished(BaseSampler):
    """Lacks what every sampler has."""


NOT_A_SAMPLER = 3
