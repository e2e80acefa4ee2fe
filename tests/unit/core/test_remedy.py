from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler

from airflow_hpo.core.algorithms import Pruner, Sampler
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window, checked_window
from airflow_hpo.exceptions import DeclarationError

SPACE = {"lr": Float(0.1, 1.0)}


def a_study(**changes: Any) -> Study:
    return Study(**{"name": "s", "objective": "loss", "space": SPACE, "max_trials": 10, **changes})


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: Objective("loss", direction="max"), "Write direction='maximize'."),
    (lambda: Objective("loss", direction="MINIMISE"), "Write direction='minimize'."),
    (lambda: Objective("loss", goal="0.1"), "Write goal=0.1."),
    (
        lambda: Objective("loss", "minimize", 0.1),
        "Write one of strategy=, window=, goal=, extra_metrics=, strategies= before each.",
    ),
    (lambda: Objective("my loss!"), "Write 'my_loss'."),
    (lambda: a_study(max_trials="10"), "Write max_trials=10."),
    (lambda: a_study(max_trials=10.0), "Write max_trials=10."),
    (lambda: a_study(max_trials=0), "Write max_trials=1."),
    (lambda: a_study(max_failures=-1), "Write max_failures=0."),
    (lambda: a_study(timeout="1 hour"), "Write timeout=timedelta(hours=1)."),
    (lambda: a_study(timeout="90m"), "Write timeout=timedelta(minutes=90)."),
    (lambda: a_study(timeout="soon"), "Write timeout=timedelta(hours=2)."),
    (lambda: a_study(shared="yes"), "Write shared=True."),
    (lambda: a_study(when_over="end"), "Write when_over='finish'."),
    (lambda: a_study(n_trials=10), "Did you mean 'max_trials'?"),
    (lambda: a_study(name="my study"), "Write name='my_study'."),
    (lambda: a_study(sampler="bayesian"), "Write sampler='tpe'."),
    (lambda: a_study(sampler="ENAS"), "with when= for what belongs to a choice, and write sampler='tpe'."),
    (lambda: a_study(sampler="CMA-ES"), "Write sampler='cmaes'."),
    (lambda: a_study(sampler=TPESampler()), "Write sampler=Sampler('tpe'), with its options by name."),
    (lambda: a_study(pruner=MedianPruner()), "Write pruner=Pruner('median'), with its options by name."),
    (lambda: Sampler("grid_search"), "Write sampler='grid'."),
    (lambda: Pruner("asha"), "Write pruner='successive_halving'."),
    (lambda: a_study(sampler="grid"), "Give it one: Float(0.1, 1.0, step=0.09)."),
    (lambda: a_study(space={"lr": (0.1, 1.0)}), "Write 'lr': Float(0.1, 1.0)."),
    (lambda: a_study(space={"n": (1, 8)}), "Write 'n': Int(1, 8)."),
    (lambda: a_study(space={"n": range(2, 10, 2)}), "Write 'n': Int(2, 8, step=2)."),
    (lambda: a_study(space={"o": ["sgd", "adam"]}), "Write 'o': Categorical(['sgd', 'adam'])."),
    (lambda: a_study(space={"o": {"values": [1, 2]}}), "Write 'o': Categorical([1, 2])."),
    (lambda: a_study(space={"o": {"min": 0.5, "max": 2.0}}), "Write 'o': Float(0.5, 2.0)."),
    (lambda: a_study(space={"o": FloatDistribution(0.5, 2.0, log=True)}), "Write 'o': Float(0.5, 2.0, log=True)."),
    (lambda: a_study(space={"o": IntDistribution(1, 9, step=2)}), "Write 'o': Int(1, 9, step=2)."),
    (lambda: a_study(space={"o": CategoricalDistribution(["a", "b"])}), "Write 'o': Categorical(['a', 'b'])."),
    (lambda: a_study(space={"o": 3}), "Write 'o': Float(0.0, 1.0), Int(1, 10) or Categorical(['a', 'b'])."),
    (lambda: Categorical("sgd", "adam"), "Write Categorical(['sgd', 'adam'])."),
    (lambda: Float(0.0, 1.0, 0.1), "Write one of when=, log=, step= before each."),
    (lambda: Float(1.0, 0.1), "Swap them: low=0.1, high=1.0."),
    (lambda: Float("0.1", 1.0), "Write low=0.1."),
    (lambda: Window("60d", "30d"), 'Write Window("-60d", "-30d").'),
    (lambda: Window("60d"), 'Write Window("-60d").'),
    (lambda: Window("-30d", "-60d"), 'Write Window("-60d", "-30d").'),
    (lambda: Window("-6 months"), "Write '-180d'."),
    (lambda: Window("2y"), "Write '-730d'."),
    (lambda: checked_window("tuning", "-60d"), "Write tuning=Window('-60d')."),
    (lambda: checked_window("test", ("-60d", "-30d")), "Write test=Window('-60d', '-30d')."),
    (lambda: checked_window("test", [Window("-60d")]), "Write test=Window('-60d', '-30d')."),
]


@pytest.mark.parametrize(("declare", "line"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_in_a_declaration_gets_the_line_that_is_meant(declare: Any, line: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        declare()

    assert str(refused.value).endswith(line)


def test_numbers_of_numpy_are_those_of_python() -> None:
    study = a_study(
        max_trials=np.int64(10),
        space={"lr": Float(np.float32(0.1), np.float64(1.0)), "n": Int(np.int8(1), np.int64(8))},
        start_points=[{"lr": np.float64(0.5)}],
    )

    assert study.to_dict()["space"]["lr"] == {"type": "float", "low": 0.1, "high": 1.0, "log": False}
    assert (study.space["n"], study.max_trials, study.start_points) == (Int(1, 8), 10, [{"lr": 0.5}])


def test_an_array_of_numpy_is_a_list_of_choices() -> None:
    assert Categorical(np.array([16, 32])) == Categorical([16, 32])  # type: ignore[arg-type]


def test_a_window_of_six_minutes_asks_whether_months_are_meant() -> None:
    with pytest.warns(UserWarning, match=r"6 minutes.*Window\('-180d'\)"):
        checked_window("tuning", Window("-6m"))


def test_a_window_of_an_hour_is_no_mistake() -> None:
    assert checked_window("tuning", Window("-60m")) == Window(timedelta(hours=-1))
