"""A process whose clock jumps: ``python -m tests.chaos.kill_clock CASE DATABASE CLOCK``, run under libfaketime.

The clock file says how far this process's clock is from the machine's; writing it is a step of the clock. Only the time of
day steps, as on a real machine: time that is measured (``CLOCK_MONOTONIC``) goes on evenly.
"""

from __future__ import annotations

import json
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import StudyLockedError
from airflow_hpo.runners.process import ProcessRunner
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.locks import study_lock
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.optimum_drift import drift_rows
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import Tuned, declared

BACK, FORWARD = "-3600", "+86400"
STEPS = ("before the claim", "between attempt and program", "while the trial runs", "told, before the next one")


class Clock:
    """This process's clock.

    :param path: the file that libfaketime reads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.steps = 0

    def step(self, offset: str) -> None:
        """Set the clock, and make sure that it has moved."""
        before, begun = datetime.now(UTC), time.monotonic()
        new = self._path.with_suffix(".new")
        new.write_text(offset)
        new.rename(self._path)
        moved = datetime.now(UTC) - before
        if abs(moved.total_seconds()) < 1800 or time.monotonic() - begun > 60:
            raise RuntimeError(f"The clock should have jumped alone, but it moved by {moved}.")
        self.steps += 1

    @contextmanager
    def stepped(self, offset: str) -> Iterator[None]:
        """Let the clock jump, and jump back."""
        self.step(offset)
        yield
        self.step("+0")


def study(database: Database, clock: Clock) -> Any:
    """Tune; in each trial the clock jumps at another step, to the past and to the future."""
    tuned = Tuned(Store(database), declared(max_trials=8, parallelism=4, batch_size=4))
    jumps = [(offset, step) for offset in (BACK, FORWARD) for step in STEPS]
    for batch in (1, 2):
        for request in tuned.suggest(batch):
            offset, step = jumps.pop(0)
            jump_at(clock, offset, step, STEPS[0])
            claimed = tuned.claim(request)
            attempt = tuned.begin(claimed)
            jump_at(clock, offset, step, STEPS[1])
            jump_at(clock, offset, step, STEPS[2])
            tuned.conclude(claimed, attempt, float(request.number or 0))
            jump_at(clock, offset, step, STEPS[3])
            # The next trial is asked for, claimed and told by a clock that is right again.
            clock.step("+0")
    finish(tuned.store, status(tuned.store, tuned.name))
    return {"edition": tuned.name, "steps": clock.steps}


def jump_at(clock: Clock, offset: str, wanted: str, here: str) -> None:
    """Let the clock jump when this is the step for it."""
    if wanted == here:
        clock.step(offset)


def program(database: Database, clock: Clock) -> Any:
    """Run a program that sets the clock forward by a day long before its timeout, and one that sets it back and hangs."""
    forward = run_program(clock, FORWARD, hang=1.0, timeout=60.0)
    clock.step("+0")
    back = run_program(clock, BACK, hang=600.0, timeout=1.0)
    return {"forward": forward, "back": back}


def run_program(clock: Clock, offset: str, hang: float, timeout: float) -> Any:
    code = f"import select; print('loss=1', flush=True); select.select([], [], [], {hang})"
    runner = ProcessRunner(
        [sys.executable, "-c", code],
        Objective("loss"),
        on_line=lambda line: clock.step(offset),
        grace_period=1.0,
        timeout=timeout,
    )
    begun = time.monotonic()
    outcome = runner.run()
    return {
        "state": outcome.state.value,
        "reason": outcome.reason,
        "exit_code": outcome.exit_code,
        "seconds": time.monotonic() - begun,
    }


def lock(database: Database, clock: Clock) -> Any:
    """Wait for a lock that is given back after a jump forward, and for one that is not, over a jump back."""
    got = while_held(database, clock, FORWARD, held=1.0, timeout=60.0)
    clock.step("+0")
    late = while_held(database, clock, BACK, held=4.0, timeout=1.0)
    return {"forward": got, "back": late}


def while_held(database: Database, clock: Clock, offset: str, held: float, timeout: float) -> Any:
    taken, begun = threading.Event(), time.monotonic()

    def hold() -> None:
        with study_lock(database, "s@r"):
            taken.set()
            time.sleep(held / 2)
            clock.step(offset)
            time.sleep(held / 2)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    try:
        with study_lock(database, "s@r", timeout):
            result = "got it"
    except StudyLockedError:
        result = "gave up"
    seconds = time.monotonic() - begun
    holder.join()
    return {"result": result, "seconds": seconds}


def order(database: Database, clock: Clock) -> Any:
    """Open three editions, each an hour earlier by the clock than the one before."""
    store, runs = Store(database), ("a", "b", "c")
    for hours, run in enumerate(runs):
        if hours:
            clock.step(f"-{3600 * hours}")
        tuned = Tuned(store, declared(max_trials=1, parallelism=1, batch_size=1), run)
        tuned.complete(tuned.suggest()[0], float(hours))
    return [row["edition"] for row in drift_rows(store, "demo")]


def timeout(database: Database, clock: Clock) -> Any:
    """Tune with a timeout of three hours, by a clock that goes back an hour and then forward by a day."""
    tuned = Tuned(Store(database), declared(max_trials=8, timeout=timedelta(hours=3)))
    ends = []
    for offset in (BACK, FORWARD):
        clock.step(offset)
        look = status(tuned.store, tuned.name)
        ends.append(look.verdict.end.value if look.verdict.end else None)
        if not look.verdict.over:
            requests = tuned.suggest()
            tuned.complete(requests[0])
    return ends


CASES: dict[str, Callable[[Database, Clock], Any]] = {
    case.__name__: case for case in (study, program, lock, order, timeout)
}


def sleep(seconds: float) -> None:
    """Sleep for a while: libfaketime breaks sleeps until a moment, which time.sleep() is, when only the time of day steps."""
    select.select([], [], [], seconds)


if __name__ == "__main__":
    time.sleep = sleep
    name, location, schema, clock_file = sys.argv[1:]
    database = Database.of(location, schema) if "://" in location else Database.sqlite(Path(location))
    print(json.dumps(CASES[name](database, Clock(Path(clock_file)))))
