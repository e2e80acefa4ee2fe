from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({"max_trials": 100}, (100, 10, 5, 30)),
        ({"max_trials": 10}, (10, 3, 2, 3)),
        ({"max_trials": 1}, (1, 1, 1, 1)),
        ({"max_trials": 100, "parallelism": 7}, (100, 7, 4, 30)),
        ({"max_trials": 100, "max_pending": 2}, (100, 10, 2, 30)),
        ({"max_trials": 100, "max_pending": 50}, (100, 10, 5, 30)),
        ({"max_trials": 5, "parallelism": 50, "batch_size": 50, "max_failures": 0}, (5, 5, 5, 0)),
        (
            {"max_trials": ..., "sampler": "grid", "space": {"x": Int(1, 6), "y": Categorical(["a", "b"])}},
            (12, 3, 2, 4),
        ),
        ({"max_trials": 5, "sampler": "grid", "space": {"x": Int(1, 6)}}, (5, 2, 1, 2)),
        ({"max_trials": 50, "sampler": "grid", "space": {"x": Int(1, 6)}}, (6, 2, 1, 2)),
    ],
    ids=str,
)
def test_what_is_not_declared_follows_from_what_is(
    make_study: Callable[..., Study], changes: dict[str, Any], numbers: tuple[int, ...]
) -> None:
    study = make_study(**changes)

    assert (study.wanted, study.slots, study.batch, study.failures_allowed) == numbers


@pytest.mark.parametrize(("max_pending", "first"), [(None, 10), (3, 3), (50, 10)])
def test_the_first_batch_is_as_large_as_trials_may_wait(
    make_study: Callable[..., Study], max_pending: int | None, first: int
) -> None:
    assert make_study(max_trials=100, max_pending=max_pending).first_batch == first


def test_a_study_shows_what_was_declared_and_no_defaults(make_study: Callable[..., Study]) -> None:
    study = make_study(space={"x": Float(0, 1, log=False)}, seed=0)

    assert (
        repr(study)
        == "Study(name='s', space={'x': Float(low=0.0, high=1.0)}, objective=Objective(metric='loss'), max_trials=10)"
    )


def test_a_declaration_cannot_be_changed(make_study: Callable[..., Study]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_study().seed = 1  # type: ignore[misc]


def test_an_edition_is_named_after_family_and_run(make_study: Callable[..., Study]) -> None:
    assert make_study(name="dispatch-tokyo").edition("manual__1") == "dispatch-tokyo@manual__1"


def test_a_derived_seed_is_pinned_because_reruns_repeat_by_it() -> None:
    assert derived_seed(0, "s@run", "001/0") == 352933891
    assert derived_seed("a", "b") != derived_seed("ab") != derived_seed("b", "a")


def test_derived_seeds_do_not_repeat_within_a_study() -> None:
    seeds = {derived_seed(0, "s@run", f"{batch:03}/{index}") for batch in range(100) for index in range(10)}

    assert len(seeds) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)
