from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow_hpo.core.importance import FEWEST, PAUSE, Importance, is_due

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = START + PAUSE


def computed(trials: int) -> Importance:
    return Importance({"x": 0.75, "kind": 0.25}, START, trials)


def test_it_is_due_a_minute_after_the_start_with_enough_trials() -> None:
    assert is_due(None, START, FEWEST, LATER)
    assert not is_due(None, START, FEWEST - 1, LATER)
    assert not is_due(None, START, FEWEST, LATER - timedelta(seconds=1))


def test_it_is_due_again_a_minute_later_with_a_quarter_more_trials() -> None:
    assert is_due(computed(20), START, 25, LATER)
    assert not is_due(computed(20), START, 24, LATER)
    assert not is_due(computed(20), START, 100, LATER - timedelta(seconds=1))


def test_it_is_read_as_it_was_kept_in_its_order() -> None:
    again = Importance.from_dict(computed(20).to_dict())
    assert (again, list(again.shares)) == (computed(20), ["x", "kind"])
