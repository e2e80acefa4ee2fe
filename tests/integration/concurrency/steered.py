"""Processes that run the trials of one study, and processes that steer it meanwhile, each with a store of its own."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.scenarios import main_key
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRequest, TrialState
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.status import status
from airflow_hpo.studies.steer import extend_study, set_study
from airflow_hpo.studies.stop import request_stop
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for
from airflow_hpo.trials.run import TrialRun
from airflow_hpo.trials.steer import add_trial, end_trial
from tests.integration.concurrency.workers import PATIENCE, patient
from tests.integration.trial_tasks import WORK, task_try_of

MOST = 8
"""How many trials run at once at most, as declared."""
ENDLESS = 13
"""Each trial with 4 more than a multiple of this as its number runs until a person ends it."""
LOG = logging.getLogger("steered")
End = tuple[int, int, AttemptOutcome]
"""Number, attempt and outcome."""


def play(database: Database, name: str, keys: Sequence[str]) -> list[End]:
    """Run the tasks of some keys until each has run or is not wanted any more; return how each attempt ended."""
    store, pending, ends = patient(database), list(keys), list[End]()
    parts = store.edition(name).study.simulations
    deadline = time.monotonic() + PATIENCE
    while pending and time.monotonic() < deadline:
        records, look = store.optuna.records(name, details=False), status(store, name)
        asked = {record.key for record in records}
        # As tasks that wait together do: where there is room one asks for a trial, and those go on of which it was asked for.
        wanted = [key for key in pending if main_key(key, parts)[0] in asked] or pending[:1] * look.may_start
        given = ask_for(store, name, wanted[:1])[0] if wanted else []
        for request in given:
            ends += _run(store, request)
            pending.remove(request.key)
        if not wanted and look.verdict.over:
            return ends
        if not given:
            time.sleep(random.uniform(0.05, 0.15))
    raise AssertionError("The study never ended.")


def _run(store: Store, request: TrialRequest) -> list[End]:
    """Run one trial, or simulation, as its task does, with a second try where the infrastructure lost the first."""
    ends = []
    for number in (1, 2):
        task, run = task_try_of(request.key, number), TrialRun(store, LOG, 0.0)
        claimed = run.claim(request, WORK, task)
        if run.answer():
            return ends
        if run.begin(task, "process"):
            return [*ends, (claimed.number or 0, 1, AttemptOutcome.PRUNED)]
        outcome = _program(run, claimed, number)
        ends.append((run.attempt.number, run.attempt.attempt, outcome.state))
        if outcome.state is not AttemptOutcome.FAILED:
            run.conclude(outcome)
            return ends
        if run.fail(outcome, task, 0):
            return ends
    return ends


def _program(run: TrialRun, request: TrialRequest, number: int) -> Outcome:
    """Run until a person ends it, fail once or for good, or bring a value."""
    told, monitor = request.told_number or 0, run.monitor()
    if told % ENDLESS == 4:
        while not monitor([]):
            time.sleep(0.1)
        return monitor.explained(Outcome.pruned())
    if told % 11 == 7:
        return Outcome.failed(f"It broke with x={request.params['x']}.")
    if told % 7 == 3 and number == 1:
        return Outcome.failed("The node went away.", FailureKind.INFRASTRUCTURE)
    return Outcome.complete(Measurement(float(told), {}))


def steer(database: Database, name: str, by: str) -> None:
    """Do one thing after another while the study runs, and end the trials that do not end by themselves."""
    store, todo = patient(database), list(_ACTS[by])
    parts = store.edition(name).study.simulations
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        look = status(store, name)
        if todo and look.progress.finished >= todo[0][0]:
            todo.pop(0)[1](store, name, parts)
        running = [one for one in store.optuna.records(name, details=False) if one.state is TrialState.RUNNING]
        for trial in running:
            if trial.number % ENDLESS == 4:
                _end(store, name, trial.number, by)
        if not todo and look.verdict.over and not running:
            return
        time.sleep(0.1)
    raise AssertionError("The study never ended.")


def _end(store: Store, name: str, number: int, by: str) -> None:
    try:
        end_trial(store, name, number, by)
    except PermanentHpoError as err:
        if "is pruned" not in str(err):  # the other one was first
            raise


def _set(by: str, parallelism: int) -> Callable[[Store, str, int], object]:
    return lambda store, name, parts: set_study(store, name, {"parallelism": parallelism * parts}, by)


_ACTS: dict[str, list[tuple[int, Callable[[Store, str, int], object]]]] = {
    "ann": [
        (3, _set("ann", MOST)),
        (5, lambda store, name, parts: extend_study(store, name, 5, "ann")),
        (8, lambda store, name, parts: add_trial(store, name, {"x": 0.111}, "ann")),
        (20, _set("ann", 2)),
        (50, lambda store, name, parts: request_stop(store, name, "Enough.", by="ann")),
    ],
    "bob": [
        (5, lambda store, name, parts: extend_study(store, name, 7, "bob")),
        (8, lambda store, name, parts: add_trial(store, name, {"x": 0.222}, "bob")),
        (14, _set("bob", 3)),
        (30, _set("bob", 6)),
        (50, lambda store, name, parts: request_stop(store, name, "It is flat.", by="bob")),
    ],
}
"""What each person does, and once how many trials have ended."""
