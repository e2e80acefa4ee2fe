from __future__ import annotations

import pytest

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.pruners import pruner_for

OPTIONS = {
    "median": {"n_startup_trials": 3, "n_warmup_steps": 1, "interval_steps": 2, "n_min_trials": 2},
    "percentile": {"percentile": 25.0},
    "successive_halving": {"min_resource": 2, "bootstrap_count": 1},
    "hyperband": {"max_resource": 27},
    "threshold": {"upper": 10.0},
    "patient": {"patience": 3, "min_delta": 0.1, "n_startup_trials": 2},
    "wilcoxon": {"p_threshold": 0.2},
}


def declared(pruner: Pruner | str) -> Study:
    return Study(name="demo", space={"x": Float(0, 1)}, objective="loss", max_trials=10, pruner=pruner)


@pytest.mark.parametrize("name", OPTIONS)
def test_every_pruner_takes_its_options_without_a_warning(name: str) -> None:
    assert (
        type(pruner_for(declared(Pruner(name, **OPTIONS[name])))).__name__.lower() == f"{name.replace('_', '')}pruner"
    )


def test_no_pruner_is_built_where_none_is_declared() -> None:
    assert pruner_for(declared("none")) is None
