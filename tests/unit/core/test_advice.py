from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_hpo.core.advice import advice
from airflow_hpo.core.space.space import Int
from airflow_hpo.core.study import Study


def test_all_trials_at_once_are_called_random_search(make_study: Callable[..., Study]) -> None:
    assert advice(make_study(max_trials=100, parallelism=100)) == [
        "parallelism=100 makes sampler 'tpe' nearly a random one: all 100 trials are suggested before any has finished, "
        "which is random search. About sqrt(max_trials) = 10 keeps it adaptive."
    ]


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({"parallelism": 40}, "40 of 100 trials are suggested blindly and the rest in 3 steps."),
        ({"parallelism": 40, "batch_size": 40}, "40 of 100 trials are suggested blindly and the rest in 2 steps."),
        ({"parallelism": 70, "batch_size": 30}, "70 of 100 trials are suggested blindly and the rest in 1 step."),
    ],
    ids=str,
)
def test_far_more_than_the_square_root_at_once_is_counted_in_steps(
    make_study: Callable[..., Study], changes: dict[str, Any], numbers: str
) -> None:
    (remark,) = advice(make_study(max_trials=100, **changes))

    assert numbers in remark


def test_a_parallelism_beyond_max_trials_is_named_as_what_will_run(make_study: Callable[..., Study]) -> None:
    (remark,) = advice(make_study(max_trials=4, parallelism=50))

    assert remark.startswith("parallelism=4 ")
    assert "sqrt(max_trials) = 2 " in remark


@pytest.mark.parametrize(
    "changes",
    [
        {"max_trials": 100},
        {"max_trials": 100, "parallelism": 10},
        {"max_trials": 100, "parallelism": 20},
        {"max_trials": 100, "parallelism": 100, "sampler": "random"},
        {"max_trials": 100, "parallelism": 100, "sampler": "qmc"},
        {"max_trials": 100, "parallelism": 100, "sampler": "grid", "space": {"x": Int(1, 100)}},
        {"max_trials": 3, "parallelism": 3},
        {"max_trials": 1, "parallelism": 1},
    ],
    ids=str,
)
def test_there_is_nothing_to_say(make_study: Callable[..., Study], changes: dict[str, Any]) -> None:
    assert advice(make_study(**changes)) == []
