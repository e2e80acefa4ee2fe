from __future__ import annotations

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.optuna.distributions import distribution_of


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (Float(0, 1), FloatDistribution(0, 1)),
        (Float(1e-5, 1, log=True), FloatDistribution(1e-5, 1, log=True)),
        (Float(0, 1, step=0.3), FloatDistribution(0, 0.9, step=0.3)),
        (Float(2, 2), FloatDistribution(2, 2)),
        (Int(1, 9), IntDistribution(1, 9)),
        (Int(1, 10, step=4), IntDistribution(1, 9, step=4)),
        (Int(1, 1024, log=True), IntDistribution(1, 1024, log=True)),
        (Categorical([None, True, "a", 2.5]), CategoricalDistribution([None, True, "a", 2.5])),
    ],
    ids=str,
)
def test_a_parameter_becomes_the_distribution_of_its_values(parameter: Float, expected: object) -> None:
    assert distribution_of(parameter) == expected


def test_a_stepped_float_between_equal_bounds_has_one_value() -> None:
    assert distribution_of(Float(0.5, 0.5, step=0.1)) == FloatDistribution(0.5, 0.5, step=0.1)
