from __future__ import annotations

import math

import pytest

from airflow_hpo.optuna.nonfinite import restored, stored


@pytest.mark.parametrize("value", [0.0, -1.5, math.inf, -math.inf, 5e-324])
def test_every_number_survives_storing(value: float) -> None:
    assert restored(*stored(value)) == value


def test_nan_survives_storing() -> None:
    assert math.isnan(restored(*stored(math.nan)))
