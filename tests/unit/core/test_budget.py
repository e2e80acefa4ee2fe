from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from airflow_hpo.core.budget import End, most_batches, most_trials, ready_for_more, slots_free, verdict
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.progress import Progress
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord, TrialState

NOW = timedelta(minutes=5)
BEST = TrialRecord(0, TrialState.COMPLETE, {}, 0.5)


def progress(
    complete: int = 0,
    failed: int = 0,
    running: int = 0,
    *,
    pruned: int = 0,
    best: TrialRecord | None = None,
    since_best: int = 0,
    pending: int = 0,
) -> Progress:
    return Progress(complete, pruned, failed, running, best, since_best, pending)


@pytest.mark.parametrize(
    ("changes", "seen", "end", "reason"),
    [
        ({}, progress(10), End.MAX_TRIALS, "All 10 trials are successful."),
        ({}, progress(4, pruned=6), End.MAX_TRIALS, "All 10 trials are successful."),
        ({"count": "finished"}, progress(8, 2), End.MAX_TRIALS, "All 10 trials are finished."),
        (
            {"objective": Objective("m", goal=0.5)},
            progress(1, best=BEST),
            End.GOAL,
            "The goal 0.5 was reached with 0.5.",
        ),
        (
            {"patience": 3},
            progress(4, best=BEST, since_best=3),
            End.PATIENCE,
            "3 trials in a row brought nothing better than 0.5.",
        ),
        ({"timeout": 300}, progress(4), End.TIMEOUT, "The timeout of 0:05:00 has passed."),
        (
            {"timeout": 300},
            progress(4, running=1),
            End.TIMEOUT,
            "The timeout of 0:05:00 has passed. Trials that run go on to their end.",
        ),
        (
            {"timeout": 300, "when_over": "stop"},
            progress(4, running=1),
            End.TIMEOUT,
            "The timeout of 0:05:00 has passed. Trials that run are ended and pruned.",
        ),
        ({"max_failures": 2}, progress(4, 3), End.MAX_FAILURES, "3 trials failed for good, and 2 may."),
    ],
    ids=lambda value: value.value if isinstance(value, End) else None,
)
def test_a_study_ends_for_a_reason_in_words(
    make_study: Callable[..., Study], changes: dict[str, Any], seen: Progress, end: End, reason: str
) -> None:
    judged = verdict(make_study(**changes), seen, NOW)

    assert (judged.over, judged.end, judged.reason, judged.needed) == (True, end, reason, 0)


def test_a_person_stops_a_study_whatever_else_holds(make_study: Callable[..., Study]) -> None:
    judged = verdict(make_study(), progress(10), NOW, stopped="too expensive")

    assert (judged.end, judged.reason) == (End.STOPPED, "The study was stopped: too expensive")


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, progress(9)),
        ({"count": "finished"}, progress(7, 2)),
        ({"objective": Objective("m", goal=0.4)}, progress(1, best=BEST)),
        ({"objective": Objective("m", "maximize", goal=0.6)}, progress(1, best=BEST)),
        ({"patience": 3}, progress(4, best=BEST, since_best=2)),
        ({"patience": 1}, progress(0, 2)),
        ({"timeout": 301}, progress(4)),
        ({"max_failures": 2}, progress(4, 2)),
        ({"max_failures": 0}, progress(9)),
        ({}, progress(0, 3)),
    ],
    ids=repr,
)
def test_a_study_goes_on_until_its_budget_is_spent(
    make_study: Callable[..., Study], changes: dict[str, Any], seen: Progress
) -> None:
    judged = verdict(make_study(**changes), seen, NOW)

    assert (judged.over, judged.end, judged.reason) == (False, None, "")


def test_more_failures_than_three_in_ten_are_too_many_by_default(make_study: Callable[..., Study]) -> None:
    assert verdict(make_study(), progress(0, 4), NOW).end is End.MAX_FAILURES


def test_a_last_trial_that_fails_once_too_often_is_a_failure_even_if_all_are_finished(
    make_study: Callable[..., Study],
) -> None:
    study = make_study(count="finished", max_failures=2)

    assert verdict(study, progress(7, 3), NOW).end is End.MAX_FAILURES


@pytest.mark.parametrize(
    ("count", "seen", "needed"),
    [
        ("successful", progress(), 10),
        ("successful", progress(3, 2, 4), 3),
        ("successful", progress(6, 3, 4), 0),
        ("finished", progress(3, 2, 4), 1),
    ],
)
def test_running_trials_are_expected_to_count(
    make_study: Callable[..., Study], count: str, seen: Progress, needed: int
) -> None:
    assert verdict(make_study(count=count), seen, NOW).needed == needed


READY = [
    pytest.param(progress(), True, id="beginning: nothing runs"),
    pytest.param(progress(0, 0, 10), False, id="beginning: all slots taken"),
    pytest.param(progress(4, 0, 6), False, id="middle: fewer slots free than a batch"),
    pytest.param(progress(5, 0, 5), True, id="middle: a batch of slots free"),
    pytest.param(progress(2, 3, 5), True, id="middle: slots freed by failures count as well"),
    pytest.param(progress(88, 0, 10), False, id="tail: two trials left, no slot free"),
    pytest.param(progress(89, 0, 9), False, id="tail: two trials left, one slot free"),
    pytest.param(progress(90, 0, 8), True, id="tail: two trials left, two slots free"),
    pytest.param(progress(90, 1, 9), False, id="end: one failed, others run"),
    pytest.param(progress(98, 1, 1), False, id="end: one failed, one runs"),
    pytest.param(progress(99, 1), True, id="end: one failed, nothing runs"),
    pytest.param(progress(90, 5, 5), True, id="end: a whole batch failed"),
    pytest.param(progress(95, 0, 5), False, id="end: nothing needed, some run"),
    pytest.param(progress(100), True, id="over: nothing runs"),
    pytest.param(progress(50, 31, 3), False, id="over: too many failed, some run"),
]


@pytest.mark.parametrize(("seen", "ready"), READY)
def test_a_batch_is_due_when_enough_slots_are_free(
    make_study: Callable[..., Study], seen: Progress, ready: bool
) -> None:
    study = make_study(max_trials=100, parallelism=10, batch_size=5, max_failures=30)

    assert ready_for_more(study, seen, verdict(study, seen, NOW)) is ready


def test_no_slot_is_free_below_zero(make_study: Callable[..., Study]) -> None:
    study = make_study(parallelism=4)

    assert [slots_free(study, progress(running=running)) for running in (0, 3, 4, 7)] == [4, 1, 0, 0]


def test_no_more_trials_start_than_may_wait_for_a_place(make_study: Callable[..., Study]) -> None:
    study = make_study(max_trials=100, parallelism=10, max_pending=3)
    seen = [progress(running=running, pending=pending) for running, pending in ((0, 0), (2, 1), (9, 0), (9, 3), (5, 4))]

    assert [slots_free(study, each) for each in seen] == [3, 2, 1, 0, 0]


@pytest.mark.parametrize(
    ("seen", "ready"),
    [
        pytest.param(progress(running=3, pending=3), False, id="nobody has a place"),
        pytest.param(progress(running=3, pending=2), False, id="one has a place, a batch is two"),
        pytest.param(progress(running=3, pending=1), True, id="two have a place"),
        pytest.param(progress(running=10), False, id="all slots taken"),
        pytest.param(progress(98, running=1), True, id="tail: one trial left, and room for it"),
        pytest.param(progress(96, running=3, pending=3), False, id="tail: one trial left, and no room"),
        pytest.param(progress(96, running=3, pending=2), True, id="tail: one trial left, one has a place"),
    ],
)
def test_a_batch_is_due_when_enough_trials_have_a_place(
    make_study: Callable[..., Study], seen: Progress, ready: bool
) -> None:
    study = make_study(max_trials=100, parallelism=10, max_pending=3, batch_size=2)

    assert ready_for_more(study, seen, verdict(study, seen, NOW)) is ready


def test_more_batches_are_laid_out_when_few_trials_may_wait(make_study: Callable[..., Study]) -> None:
    study = make_study(max_trials=20, parallelism=10, max_pending=2, max_failures=0)

    assert most_batches(study) == 1 + 9


@dataclass
class Run:
    """A study played through in the way the tasks do: suggest, settle, suggest, until it is over.

    Trials wait for a place where the study limits how many may; some fail without ever getting one.
    """

    study: Study
    fails: Callable[[int], bool]
    rng: random.Random
    failed: int = 0
    complete: int = 0
    running: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    started: int = 0
    batches: list[int] = field(default_factory=list)
    lonely_rounds: int = 0

    @property
    def progress(self) -> Progress:
        running = len(self.running) + len(self.pending)
        return progress(self.complete, self.failed, running, pending=len(self.pending))

    def play(self) -> End:
        while True:
            judged = verdict(self.study, self.progress, NOW)
            if judged.over and not self.progress.running:
                assert judged.end is not None
                return judged.end
            if judged.needed and ready_for_more(self.study, self.progress, judged):
                self.suggest(min(slots_free(self.study, self.progress), judged.needed))
            while not ready_for_more(self.study, self.progress, verdict(self.study, self.progress, NOW)):
                self.advance()

    def suggest(self, count: int) -> None:
        assert count > 0
        self.lonely_rounds += bool(self.batches) and not self.progress.running and count < self.study.batch
        asked = self.running if self.study.max_pending is None else self.pending
        asked += range(self.started, self.started + count)
        self.started += count
        self.batches.append(count)
        assert self.progress.running <= self.study.slots
        assert len(self.pending) <= self.study.first_batch

    def advance(self) -> None:
        waiting = self.rng.randrange(self.progress.running) < len(self.pending)
        if waiting and not self.fails(self.pending[0]):
            self.running.append(self.pending.pop(0))
        else:
            self.finish_one(self.pending if waiting else self.running)

    def finish_one(self, trials: list[int]) -> None:
        number = trials.pop(0 if trials is self.pending else self.rng.randrange(len(trials)))
        if self.fails(number):
            self.failed += 1
        else:
            self.complete += 1


def declared(
    wanted: int, slots: int, batch: int, failures: int, count: str = "successful", spare: int | None = None
) -> Study:
    return Study(
        name="s",
        space={"x": Float(0, 1)},
        objective="m",
        max_trials=wanted,
        parallelism=max(slots, batch),
        batch_size=batch,
        max_pending=None if spare is None else batch + spare,
        max_failures=failures,
        count=count,
    )


plans = st.builds(
    declared,
    st.integers(1, 60),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(0, 30),
    st.sampled_from(["successful", "finished"]),
    st.none() | st.integers(0, 9),
)


@given(plans, st.floats(0, 1), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=400, deadline=None)
def test_a_played_study_keeps_its_budget_and_ends_within_its_batches(
    study: Study, rate: float, rng: random.Random, at_the_end: bool
) -> None:
    first = study.wanted - 1 if at_the_end else 0
    run = Run(study, lambda number: number >= first and rng.random() < rate, rng)

    end = run.play()

    spare = study.failures_allowed if study.count == "successful" else 0
    full = math.ceil((study.wanted - study.first_batch) / study.batch)
    event(f"beyond most_batches: {len(run.batches) - most_batches(study)}")
    assert end in (End.MAX_TRIALS, End.MAX_FAILURES)
    assert run.started <= most_trials(study)
    assert len(run.batches) <= most_batches(study) + run.lonely_rounds
    assert len(run.batches) <= 1 + full + spare
    assert all(count >= study.batch for count in run.batches[: 1 + full - 1])


@given(plans, st.randoms(use_true_random=False))
def test_without_failures_a_study_takes_no_more_batches_than_it_has_full_ones(study: Study, rng: random.Random) -> None:
    run = Run(study, lambda number: False, rng)

    assert run.play() is End.MAX_TRIALS
    assert run.started == study.wanted
    assert len(run.batches) <= 1 + math.ceil((study.wanted - study.first_batch) / study.batch)


def test_failures_one_at_a_time_at_the_very_end_take_a_batch_each() -> None:
    study = declared(wanted=20, slots=10, batch=5, failures=8)
    run = Run(study, lambda number: number >= 19, random.Random(1))

    assert run.play() is End.MAX_FAILURES
    assert run.batches == [10, 5, 5, *[1] * 8]
    assert len(run.batches) == most_batches(study) + 6
