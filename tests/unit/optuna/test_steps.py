"""A float with steps, wherever it lies: its own values are its own for Optuna too."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from optuna.trial import create_trial

from airflow_hpo.core.space.parameter import MAX_INT
from airflow_hpo.core.space.space import Categorical, Float, Int, fits
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.distributions import distribution_of
from tests.unit.optuna.history import History


@given(st.floats(-1e15, 1e15), st.floats(1e-6, 1e6), st.integers(1, 10**6), st.lists(st.integers(0, 10**6), min_size=1))
@example(1e9, 0.1, 10, list(range(11)))
@example(0.0, 0.1, 10**6, [10**6, 999_999])
@example(1e15, 0.3, 30, list(range(31)))
@example(0.123456789012345, 0.1, 99, [99])
def test_a_stepped_float_holds_its_own_values_wherever_it_lies_and_optuna_takes_them(
    low: float, step: float, count: int, indices: list[int]
) -> None:
    high = float(Decimal(str(low)) + count * Decimal(str(step)))
    assume(Decimal(str(high)) - Decimal(str(low)) >= Decimal(str(step)))
    # Shorter steps than floats can tell apart there have no values of their own.
    assume(step >= 2 * math.ulp(max(abs(low), abs(high))))
    parameter = Float(low, high, step=step)
    distribution = distribution_of(parameter)

    for index in {*indices, 0, count}:
        value = parameter.at(min(index, (parameter.count or 1) - 1))
        assert parameter.holds(value)
        assert parameter.canonical(value) == value
        create_trial(value=0.0, params={"x": value}, distributions={"x": distribution})


@given(st.integers(-MAX_INT, MAX_INT), st.integers(-MAX_INT, MAX_INT), st.integers(1, 2**40), st.integers(0, 2**54))
@example(-MAX_INT, MAX_INT, 2**31 + 1, 6_662_000)
@example(-MAX_INT, MAX_INT, 1, 2**54)
@example(-6_603, 2**53, 6_611, 1_362_456_399_145)
def test_a_whole_number_holds_its_own_values_wherever_it_lies_and_optuna_takes_them(
    one: int, other: int, step: int, index: int
) -> None:
    low, high = sorted((one, other))
    assume(high - low >= step)
    parameter = Int(low, high, step=step)
    value = parameter.at(min(index, parameter.count - 1))

    assert parameter.holds(value)
    assert parameter.holds(float(value))
    assert repr(parameter.canonical(float(value))) == repr(value)
    create_trial(value=0.0, params={"x": value}, distributions={"x": distribution_of(parameter)})


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # TPE's, at a step of 1 between such bounds
@pytest.mark.parametrize("sampler", ["random", "tpe", "qmc", "cmaes", "nsga2"])
def test_a_space_of_large_numbers_is_searched(sampler: str) -> None:
    space = {
        "wide": Int(-MAX_INT, MAX_INT, step=2**31 + 1),
        "far": Int(MAX_INT - 9, MAX_INT, step=3),
        "choice": Categorical([2**62, -(2**63)]),
        "float": Float(1e9, 1e9 + 1, step=0.1),
    }
    history = History(Study(name="large", space=space, objective="loss", sampler=sampler, max_trials=20))
    history.play(4, 4, lambda params: float(params["float"]))  # type: ignore[arg-type]
    assert all(fits(space, trial.params) for trial in history.trials)


def test_optuna_knows_the_steps_where_it_can_tell_them_apart() -> None:
    assert repr(distribution_of(Float(0, 1, step=0.1))) == "FloatDistribution(high=1.0, log=False, low=0.0, step=0.1)"
