from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.core.budget import End
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import Tuned, declared

ALIKE = "No such file: train.py\nwith a traceback"


def tuned(store: Store, **options: Any) -> Tuned:
    return Tuned(store, declared(max_trials=40, parallelism=6, max_failures=30, **options))


def failed(study: Tuned, reasons: list[str], kind: str = "program") -> None:
    batch = 1
    while reasons:
        for request in study.suggest(batch):
            if reasons:
                study.fail(request, kind, reason=reasons.pop())
        batch += 1


def test_a_study_of_which_all_trials_fail_for_one_reason_stops_and_says_so(store: Store) -> None:
    study = tuned(store)
    failed(study, [f"{ALIKE} of {number}" for number in range(6)])

    summary = finish(store, status(store, study.name))

    assert summary.data["end"] == End.SAME_FAILURE
    assert summary.failure == (
        "All 6 trials that ended have failed for one reason (program): No such file: train.py. "
        "Mend it and clear the failed trials, or give the study stop_on_same_failure=None."
    )


@pytest.mark.parametrize(
    ("options", "reasons"),
    [
        ({}, [ALIKE] * 5),
        ({}, [*[ALIKE] * 5, "Killed"]),
        ({"stop_on_same_failure": None}, [ALIKE] * 8),
        ({"stop_on_same_failure": 9}, [ALIKE] * 8),
    ],
    ids=["fewer than parallelism", "another reason", "switched off", "a number of one's own"],
)
def test_a_study_goes_on(store: Store, options: dict[str, Any], reasons: list[str]) -> None:
    study = tuned(store, **options)
    failed(study, reasons)

    assert status(store, study.name).verdict.end is None


def test_a_trial_that_succeeded_shows_that_it_can(store: Store) -> None:
    study = tuned(store)
    first, *_ = study.suggest()
    study.complete(first)
    failed(study, [ALIKE] * 8)

    assert status(store, study.name).verdict.end is None


def test_what_is_switched_off_stays_so_in_the_database(store: Store) -> None:
    assert tuned(store, stop_on_same_failure=None).store.edition("demo@r").study.same_failures is None
