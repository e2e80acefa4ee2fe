from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_hpo.core.known import Known
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.progress import best_of, own_trials, pending_of, progress_of, was_best
from airflow_hpo.core.trial import Origin, TrialRecord, TrialState

START = datetime(2030, 1, 1, tzinfo=UTC)


def trial(
    number: int, value: float | None = None, state: str = "complete", at: int | None = None, **more: Any
) -> TrialRecord:
    """A trial that finished ``at`` minutes after the start, by default in the order of numbers."""
    known = TrialState(state)
    finished = START + timedelta(minutes=number if at is None else at) if known.finished else None
    return TrialRecord(number, known, {}, value, key=more.pop("key", f"001/{number}"), finished=finished, **more)


def test_every_state_is_counted_where_it_belongs() -> None:
    states = ["complete", "complete", "pruned", "fail", "running", "running", "waiting"]
    progress = progress_of([trial(i, 1.0, state) for i, state in enumerate(states)], Direction.MINIMIZE)

    assert (progress.complete, progress.pruned, progress.failed, progress.running) == (2, 1, 1, 2)
    assert (progress.successful, progress.finished) == (3, 4)
    assert (progress.counted("successful"), progress.counted("finished")) == (3, 4)


def test_a_replaced_trial_counts_no_more_and_its_replacement_does() -> None:
    trials = [trial(0, state="fail"), trial(1, 5.0), trial(2, 1.0, replaces=0), trial(3, state="running", replaces=1)]

    progress = progress_of(trials, Direction.MINIMIZE)

    assert [t.number for t in own_trials(trials)] == [2, 3]
    assert (progress.complete, progress.failed, progress.running) == (1, 0, 1)
    assert progress.best is trials[2]


def test_a_chain_of_replacements_counts_once() -> None:
    trials = [trial(0, state="fail"), trial(1, state="fail", replaces=0), trial(2, 1.0, replaces=1)]

    assert [t.number for t in own_trials(trials)] == [2]


def test_a_copied_result_does_not_count_but_a_point_evaluated_again_does() -> None:
    copied = trial(0, 0.1, origin=Origin.WARM_START, key=None)
    evaluated = trial(1, 0.5, origin=Origin.WARM_START)

    progress = progress_of([copied, evaluated], Direction.MINIMIZE)

    assert (progress.complete, progress.best) == (1, evaluated)


def test_a_known_result_is_the_best_and_counts_for_nothing_else() -> None:
    known = trial(0, 0.1, origin=Origin.WARM_START, key=None, at=9, known=Known("f@r#7"))
    trials = [known, trial(1, 0.5), trial(2, 0.7, "pruned")]

    progress = progress_of(trials, Direction.MINIMIZE)

    assert (progress.best, progress.complete, progress.since_best) == (known, 1, 2)
    assert was_best(1, [known, trial(1, 0.01)], Direction.MINIMIZE)
    assert not was_best(1, trials, Direction.MINIMIZE)


@pytest.mark.parametrize(("direction", "number"), [(Direction.MINIMIZE, 2), (Direction.MAXIMIZE, 1)])
def test_the_best_is_the_first_complete_one_of_equals(direction: Direction, number: int) -> None:
    trials = [trial(0, 2.0), trial(1, 3.0), trial(2, 1.0), trial(3, 1.0), trial(4, 3.0), trial(5, 0.0, "pruned")]

    best = best_of(trials, direction)

    assert best is not None
    assert best.number == number


def test_without_a_complete_trial_there_is_no_best() -> None:
    progress = progress_of([trial(0, 0.1, "pruned"), trial(1, state="fail")], Direction.MINIMIZE)

    assert (progress.best, progress.since_best) == (None, 0)


def test_patience_goes_by_the_order_of_finishing() -> None:
    slow_best = [trial(0, 1.0, at=9), trial(1, 2.0, at=1), trial(2, 3.0, at=2), trial(3, 4.0, at=10)]

    assert progress_of(slow_best, Direction.MINIMIZE).since_best == 1


def test_patience_counts_pruned_trials_and_no_failed_or_running_ones() -> None:
    trials = [trial(0, 1.0), trial(1, 2.0, "pruned"), trial(2, state="fail"), trial(3, state="running")]

    assert progress_of(trials, Direction.MINIMIZE).since_best == 1


def test_an_equal_value_is_no_improvement() -> None:
    assert progress_of([trial(i, 1.0) for i in range(4)], Direction.MINIMIZE).since_best == 3


def test_the_order_in_which_trials_are_read_does_not_matter() -> None:
    trials = [
        trial(0, 2.0, at=5),
        trial(1, 1.0, at=3),
        trial(2, 1.0, at=4),
        trial(3, state="fail"),
        trial(4, 3.0, replaces=3),
    ]

    assert progress_of(reversed(trials), Direction.MINIMIZE) == progress_of(trials, Direction.MINIMIZE)


def test_trials_that_run_and_have_no_place_are_pending() -> None:
    trials = [trial(0, 1.0), trial(1, state="running"), trial(2, state="running"), trial(3, state="fail")]

    assert pending_of(trials, {1}) == 1
    assert pending_of(trials, ()) == 2


def test_no_trial_is_pending_where_nobody_asks() -> None:
    assert progress_of([trial(0, state="running")], Direction.MINIMIZE).pending == 0


def test_a_trial_that_was_replaced_is_not_pending() -> None:
    trials = [trial(0, state="running"), trial(1, state="running", replaces=0)]

    assert pending_of(trials, ()) == 1


def test_a_trial_was_best_by_what_had_ended_with_it_whatever_came_later() -> None:
    trials = [
        trial(0, 3.0, at=1),
        trial(1, 1.0, at=5),
        trial(2, 2.0, at=2),
        trial(3, state="running"),
        trial(4, 1.0, at=6),
    ]
    assert [was_best(number, trials, Direction.MINIMIZE) for number in range(5)] == [True, True, True, False, False]
