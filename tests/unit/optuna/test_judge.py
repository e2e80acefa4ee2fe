"""A trial is judged step by step: Optuna, driven one value at a time, is the reference."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.judge import judge
from airflow_hpo.optuna.pruners import pruner_for
from airflow_hpo.optuna.read import StoredStudy
from tests.unit.optuna.one_by_one import Curve, Reference, curves, deliveries, known

PRUNERS = [
    Pruner("median", n_startup_trials=0),
    Pruner("median", n_startup_trials=3, n_warmup_steps=5, interval_steps=7, n_min_trials=2),
    Pruner("percentile", percentile=25.0, n_startup_trials=1),
    Pruner("percentile", percentile=70.0, n_startup_trials=2, interval_steps=3),
    Pruner("successive_halving", reduction_factor=2),
    Pruner("successive_halving", min_resource=3, reduction_factor=3, min_early_stopping_rate=1),
    Pruner("successive_halving", min_resource=2, reduction_factor=2, bootstrap_count=2),
    Pruner("hyperband", max_resource=70, reduction_factor=2),
    Pruner("hyperband", max_resource=64, min_resource=3, reduction_factor=3),
    Pruner("threshold", upper=9.0, lower=-9.0),
    Pruner("threshold", upper=7.0, n_warmup_steps=9, interval_steps=5),
    Pruner("patient", patience=3, min_delta=0.1, n_startup_trials=1),
    Pruner("patient", patience=0, n_startup_trials=0, interval_steps=4),
    Pruner("wilcoxon", p_threshold=0.2),
    Pruner("wilcoxon", p_threshold=0.4, n_startup_steps=5),
]
SEEDS = (0, 1)
"""Twelve gave the same, which takes minutes."""


def named(pruner: Pruner) -> str:
    return "-".join(map(str, [pruner.name, *pruner.options.values()]))


def declared(pruner: Pruner, direction: str = "minimize") -> Study:
    objective = {"metric": "loss", "direction": direction}
    return Study(name="demo", space={"x": Float(0, 1)}, objective=objective, max_trials=99, pruner=pruner)


class Ours:
    """Trials that are judged by us, kept as the database keeps them."""

    def __init__(self, study: Study) -> None:
        self.study, self.pruner = study, pruner_for(study)
        direction = optuna.study.StudyDirection[study.objective.direction.name]
        self.stored = StoredStudy(0, "demo@1", [direction], {}, {})
        self.trials: list[FrozenTrial] = []

    def ask(self) -> None:
        trial = optuna.trial.create_trial(state=TrialState.RUNNING)
        trial.number = trial._trial_id = len(self.trials)
        self.trials.append(trial)

    def deliver(self, number: int, values: Mapping[int, float]) -> bool:
        assert self.pruner is not None
        judged = judge(self.study, self.pruner, self.stored, self.trials, number, values)
        trial = self.trials[number]
        trial.intermediate_values |= judged.values
        trial._system_attrs |= judged.notes
        return judged.verdict is not None

    def tell(self, number: int, state: TrialState, value: float | None) -> None:
        self.trials[number].state, self.trials[number].values = state, None if value is None else [value]


def run(trials: Ours | Reference, found: list[Curve], size: int, together: int, seed: int) -> list[Any]:
    """Run the trials, some at a time, and return how each ended."""
    chance, waiting = random.Random(seed), count()
    open_ones: dict[int, Iterator[Curve]] = {}
    left = len(found)
    while left:
        while len(open_ones) < together and len(trials.trials) < len(found):
            trials.ask()
            number = next(waiting)
            open_ones[number] = deliveries(found[number], size)
        number = chance.choice(sorted(open_ones))
        values = next(open_ones[number], None)
        pruned = values is not None and trials.deliver(number, values)
        if values is None or pruned:
            last = list(found[number].values())[-1]
            result = last if math.isfinite(last) else 0.0
            trials.tell(number, TrialState.PRUNED if pruned else TrialState.COMPLETE, None if pruned else result)
            del open_ones[number]
            left -= 1
    return [known(trial) for trial in trials.trials]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("pruner", PRUNERS, ids=named)
def test_a_trial_is_pruned_at_the_same_step_however_many_values_come_at_once(pruner: Pruner, direction: str) -> None:
    study, pruned = declared(pruner, direction), 0
    for seed in SEEDS:
        found = curves(seed)
        expected = run(Reference(study), found, 1, 1, seed)
        for size in (1, 7, 64):
            assert run(Ours(study), found, size, 1, seed) == expected, (seed, size)
        pruned += sum(state == str(TrialState.PRUNED) for state, *_ in expected)
    assert pruned


@pytest.mark.parametrize("pruner", PRUNERS, ids=named)
def test_trials_that_run_at_once_are_judged_by_what_is_there_of_the_others(pruner: Pruner) -> None:
    study = declared(pruner)
    for seed in SEEDS:
        for size in (1, 7, 64):
            found, together = curves(100 + seed), 3
            mine, reference = (run(trials, found, size, together, seed) for trials in (Ours(study), Reference(study)))
            assert mine == reference, (seed, size)
