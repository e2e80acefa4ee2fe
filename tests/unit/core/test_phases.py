from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.phases import Moments, Phase, seconds_between, stored_seconds

BEGUN = datetime(2026, 11, 21, 8, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGUN + timedelta(seconds=seconds)


WHOLE = Moments(created=at(2), scheduled=at(62), started=at(92), ended=at(392), pulled=25.0)


def test_the_phases_of_a_pod_add_up_to_its_whole_time() -> None:
    found = seconds_between(BEGUN, WHOLE, at(395.5))
    assert found == {"creation": 2, "scheduling": 60, "image pull": 25, "start": 5, "running": 300, "telling": 3.5}
    assert sum(found.values()) == 395.5


@pytest.mark.parametrize(
    ("moments", "ended_in"),
    [
        (Moments(), Phase.CREATION),
        (Moments(created=at(0)), Phase.SCHEDULING),
        (Moments(created=at(0), scheduled=at(0)), Phase.START),
        (Moments(started=at(0)), Phase.RUNNING),
        (Moments(started=at(0), ended=at(0)), Phase.TELLING),
    ],
)
def test_the_rest_belongs_to_the_phase_in_which_an_attempt_ended(moments: Moments, ended_in: Phase) -> None:
    assert {phase for phase, seconds in seconds_between(BEGUN, moments, at(40)).items() if seconds} == {ended_in}


def test_clocks_that_differ_make_no_phase_shorter_than_nothing() -> None:
    moments = Moments(created=at(-5), scheduled=at(-3), started=at(10), ended=at(9))
    found = seconds_between(BEGUN, moments, at(8))
    assert found == {"creation": 0, "scheduling": 0, "start": 10, "running": 0, "telling": 0}


def test_a_pull_is_never_longer_than_the_start_that_it_is_a_part_of() -> None:
    found = seconds_between(BEGUN, Moments(scheduled=at(0), started=at(8), pulled=30.0), at(9))
    assert (found[Phase.PULL], found[Phase.START]) == (8, 0)


def test_moments_survive_the_way_through_a_trigger() -> None:
    data = json.loads(json.dumps(Outcome.pruned(moments=WHOLE).to_dict()))
    assert Outcome.from_dict(data).moments == WHOLE
    del data["moments"]  # as the version before wrote it
    assert Outcome.from_dict(data).moments == Moments()


def test_seconds_that_were_not_kept_are_unknown_and_not_nothing() -> None:
    assert stored_seconds(None) is None
    assert stored_seconds({}) == {}
    odd = {"pool": 1, "running": float("nan"), "telling": -1, "of a later version": 3, "start": "x"}
    assert stored_seconds(odd) == {Phase.POOL: 1.0}
