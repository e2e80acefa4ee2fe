"""Which tasks that wait for their study give way to trials that need a place under Airflow's limits."""

from __future__ import annotations

import pytest

from airflow_hpo.trials.places import TURN, Key, Places


def pauses(states: dict[Key, str | None], with_trial: set[Key]) -> dict[Key, float | None]:
    """How long each task that waits in the triggerer leaves its place."""
    places = Places.of(states, with_trial)
    return {key: places.pause(key) for key, state in states.items() if state == "deferred" and key not in with_trial}


def test_nobody_gives_way_while_a_retry_is_not_due() -> None:
    assert pauses({(1, 0): "up_for_retry", (1, 1): "deferred"}, {(1, 0)}) == {(1, 1): None}


def test_a_task_that_waits_gives_way_to_a_trial_that_is_scheduled() -> None:
    assert pauses({(1, 0): "scheduled", (1, 1): "deferred"}, {(1, 0)}) == {(1, 1): TURN}


def test_nobody_gives_way_to_a_task_that_has_no_trial_itself() -> None:
    assert pauses({(1, 0): "running", (1, 1): "deferred", (1, 2): "scheduled"}, {(1, 0)}) == {(1, 1): None}


def test_as_many_give_way_as_are_in_need_and_the_last_ones_first() -> None:
    states: dict[Key, str | None] = {(1, 0): "scheduled", **{(1, index): "deferred" for index in (1, 2, 3)}}
    assert pauses(states, {(1, 0)}) == {(1, 1): None, (1, 2): None, (1, 3): TURN}


def test_a_pod_that_is_watched_in_the_triggerer_keeps_its_place() -> None:
    assert pauses({(1, 0): "scheduled", (1, 1): "deferred", (1, 2): "deferred"}, {(1, 0), (1, 1)}) == {(1, 2): TURN}


@pytest.mark.parametrize(
    ("state", "turns"), [("scheduled", 2), ("up_for_reschedule", 2), (None, 2), ("running", 1), ("success", 1)]
)
def test_a_task_stays_away_longer_when_others_would_take_the_place_first(state: str | None, turns: int) -> None:
    places = Places.of({(1, 0): state, (1, 1): "scheduled", (1, 2): "deferred"}, {(1, 1)})
    assert places.pause((1, 2)) == turns * TURN


def test_a_trial_of_an_earlier_batch_comes_before_tasks_of_the_reserve() -> None:
    assert pauses({(1, 3): "scheduled", (2, 0): "deferred"}, {(1, 3)}) == {(2, 0): TURN}
