"""Trials of Optuna's own that report a value and ask, one after the other: the reference for ours."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from airflow_hpo.core.study import Study
from airflow_hpo.optuna.pruners import pruner_for

TRIALS, STEPS = 10, 70
Curve = dict[int, float]


class Reference:
    """Trials of Optuna's own, which report a value and ask, one after the other."""

    def __init__(self, study: Study, edition: str = "demo@1") -> None:
        direction = study.objective.direction.value
        # Hyperband's brackets depend on the name of the study.
        self.study = optuna.create_study(study_name=edition, direction=direction, pruner=pruner_for(study))
        self.asked: list[optuna.Trial] = []

    def ask(self) -> None:
        self.asked.append(self.study.ask())

    def deliver(self, number: int, values: Mapping[int, float]) -> bool:
        for step, value in values.items():
            self.asked[number].report(value, step)
            if self.asked[number].should_prune():
                return True
        return False

    def tell(self, number: int, state: TrialState, value: float | None) -> None:
        self.study.tell(number, value if state is TrialState.COMPLETE else None, state)

    @property
    def trials(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)


def curves(seed: int, *, strange: bool = True) -> list[Curve]:
    """Return curves that fall or rise to a level of their own, some with gaps, NaN or steps that go back."""
    chance, found = random.Random(seed), []
    for _ in range(TRIALS):
        level, slope, noise = chance.uniform(-3, 3), chance.uniform(-1, 3), chance.choice([0.0, 0.3, 1.5])
        steps = list(range(chance.randint(0, 1), chance.randint(2, STEPS), chance.choice([1, 1, 1, 2, 5])))
        if strange and chance.random() < 0.2:
            at = chance.randrange(len(steps))
            steps[at:] = sorted(steps[at:], key=lambda _: chance.random())
        curve = {step: level + slope * math.exp(-step / 9) + chance.gauss(0, noise) for step in steps}
        if strange and chance.random() < 0.2:
            curve[chance.choice(steps)] = chance.choice([math.nan, math.inf, -math.inf])
        found.append(curve)
    return found


def deliveries(curve: Curve, size: int) -> Iterator[Curve]:
    points = list(curve.items())
    return (dict(points[at : at + size]) for at in range(0, len(points), size))


def known(trial: FrozenTrial) -> tuple[Any, ...]:
    """Return what others are judged by, as text: NaN equals itself there."""
    return str(trial.state), str(sorted(trial.intermediate_values.items())), str(sorted(trial.system_attrs.items()))
