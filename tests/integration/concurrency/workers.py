"""Processes that work on studies at the same time, as workers on many machines do."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.core.work import Work
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import suggest
from airflow_hpo.trials.claim import begin, claim
from airflow_hpo.trials.conclude import conclude
from airflow_hpo.trials.invalidate import invalidate
from tests.integration.trial_tasks import START, WORK, declared, task_try_of
from tests.single_requests import ask_one

PATIENCE = 240
"""Seconds within which anything here ends on the slowest machine: far more than it takes, far less than for ever."""

_fork = multiprocessing.get_context("fork")


def at_once(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Run one process for each tuple of arguments, all from the same moment on, and return what they return.

    :raises AssertionError: when one failed or did not end in time.
    """
    barrier, answers = _fork.Barrier(len(arguments)), _fork.SimpleQueue()
    processes = [_fork.Process(target=_run, args=(barrier, answers, work, a), daemon=True) for a in arguments]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join(PATIENCE)
        assert [process.exitcode for process in processes] == [0] * len(processes)
        return [answers.get() for _ in processes]
    finally:
        for process in processes:
            process.kill()


def _run(barrier: Any, answers: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    barrier.wait(PATIENCE)
    answers.put(work(*arguments))


def patient(database: Database) -> Store:
    """Open a store of this process's own."""
    return Store(database, lock_timeout=PATIENCE)


def run_trial(store: Store, request: TrialRequest, value: float) -> int:
    """Do what a trial's task does and return the trial's number."""
    place = task_try_of(request.key.partition("#")[0])
    claimed = claim(store, request, WORK, place)
    if not claimed.answered:
        conclude(store, begin(store, claimed, place, "process", Placement()), Outcome.complete(Measurement(value)))
    return claimed.record.number


def work_until_over(database: Database, name: str, worker: int) -> list[int]:
    """Ask for one trial after another and run them until the study is over."""
    store, numbers, rng = patient(database), [], random.Random(worker)
    for index in range(10_000):
        request, look = ask_one(store, name, f"{worker:03d}/{index}")
        if request is not None:
            numbers.append(run_trial(store, request, rng.random()))
        elif look.verdict.over:
            return numbers
        else:
            time.sleep(rng.uniform(0.05, 0.2))
    raise AssertionError("The study never ended.")


def suggest_batch(database: Database, name: str, batch: int) -> list[TrialRequest]:
    """Suggest a batch."""
    return suggest(patient(database), name, batch)


def rerun_trial(database: Database, request: TrialRequest) -> int:
    """Run a trial's parameters again, as a changed task would."""
    return claim(patient(database), request, Work("1e" * 8), task_try_of(request.key, 2)).record.number


def take_back(database: Database, name: str, number: int) -> str | None:
    """Take a result back."""
    return invalidate(patient(database), name, number, "Wrong.").record.invalid


def open_one(database: Database, name: str, run: str) -> str:
    """Open an edition and ask for a trial of it."""
    store, study = patient(database), declared(name=name)
    edition = open_edition(store, study, run, START).name
    ask_one(store, edition, "001/0")
    return edition


def look_and_finish(database: Database, name: str) -> bool:
    """Watch a study until it is over, then sum it up."""
    store = patient(database)
    while not status(store, name).verdict.over:
        time.sleep(0.1)
    return finish(store, status(store, name)).data["complete"] > 0


def run_or_watch(runs: bool, database: Database, name: str, worker: int) -> bool:
    """Be one of those who work, or one of those who watch."""
    return bool(work_until_over(database, name, worker)) if runs else look_and_finish(database, name)
