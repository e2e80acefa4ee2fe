"""Declarations that many tests vary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study


@pytest.fixture
def make_study() -> Callable[..., Study]:
    def make(**changes: Any) -> Study:
        declared: dict[str, Any] = {"name": "s", "space": {"x": Float(0, 1)}, "objective": "loss", "max_trials": 10}
        return Study(**{name: value for name, value in {**declared, **changes}.items() if value is not ...})

    return make
