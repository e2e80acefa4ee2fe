"""Functions that hang, and functions that only look so; in a process of their own, as a task's is."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import TrialFailedError
from airflow_hpo.runners.function import FunctionTrial, run_function

REQUEST = TrialRequest(study="s@1", key="001/0", number=3, params={"x": 2.0}, seed=7)


def run(function: Callable[[FunctionTrial], Any], limit: float, **options: Any) -> Outcome:
    return run_function(function, REQUEST, Objective("loss"), no_news_after=limit, **options)


def now_and_then(say: Callable[[FunctionTrial, int], Any]) -> Callable[[FunctionTrial], float]:
    def function(trial: FunctionTrial) -> float:
        for step in range(4):
            time.sleep(0.4)
            say(trial, step)
        return 1.0

    return function


@pytest.mark.parametrize(
    "hang",
    [
        lambda trial: time.sleep(300),
        lambda trial: [time.sleep(0.01) for _ in iter(int, 1)],
        lambda trial: os.read(PIPE, 1),
    ],
    ids=["asleep", "busy", "reading"],
)
def test_a_function_that_hangs_is_ended_with_the_sentence_of_a_program(hang: Callable[[FunctionTrial], Any]) -> None:
    with pytest.raises(TrialFailedError) as failed:
        run(hang, 0.3)
    assert failed.value.kind == "no_news"
    assert failed.value.reason == (
        "The trial's function wrote no line and no metric for 0.3 seconds and was ended. Raise no_news_after, or have the "
        "function print while it works."
    )


PIPE, _HELD_OPEN = os.pipe()


def test_a_function_that_catches_every_exception_is_ended_all_the_same() -> None:
    def stubborn(trial: FunctionTrial) -> None:
        while True:
            try:
                time.sleep(300)
            except Exception:  # noqa: BLE001
                continue

    with pytest.raises(TrialFailedError, match="no line and no metric"):
        run(stubborn, 0.3)


@pytest.mark.parametrize(
    "say",
    [
        lambda trial, step: trial.report(step),
        lambda trial, step: print("step", step),
        lambda trial, step: print("step", step, file=sys.stderr),
        lambda trial, step: logging.getLogger("train").error("step %s", step),
        lambda trial, step: subprocess.run(["echo", "step"], check=True, stdout=1),
    ],
    ids=["report", "print", "stderr", "log", "a program that it starts"],
)
def test_a_function_that_says_something_now_and_then_goes_on(say: Callable[[FunctionTrial, int], Any]) -> None:
    assert run(now_and_then(say), 1.2).value == 1.0


def test_a_function_that_waits_for_the_study_is_not_silent() -> None:
    def slow_study(points: Any) -> bool:
        time.sleep(0.6)
        return False

    assert run(lambda trial: float(trial.should_prune()), 0.3, monitor=slow_study).value == 0.0


def test_what_is_printed_comes_through_whole_and_the_outputs_are_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    def outputs() -> tuple[Any, ...]:
        return (
            signal.getsignal(signal.SIGURG),
            logging.getLogRecordFactory(),
            sys.stdout,
            sys.stderr,
            os.fstat(1).st_ino,
        )

    before = outputs()
    run(lambda trial: [os.write(1, b"x" * 100_000), 1.0][1], 60)
    assert outputs() == before
    assert capfd.readouterr().out == "x" * 100_000


class Expired(BaseException):
    """What Airflow's own time limit raises."""


@pytest.fixture
def airflows_limit() -> Iterator[None]:
    def expire(*_: Any) -> None:
        raise Expired

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("airflows_limit")
def test_airflows_own_time_limit_goes_on_to_work() -> None:
    with pytest.raises(Expired):
        run(lambda trial: time.sleep(300), 60)
