"""A study's tasks under a scheduler that crashes: what Airflow does to them, in one thread and from one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.budget import most_batches
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import FailureKind, TrialRequest
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.finish import Summary, finish
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import reserve, suggest
from airflow_hpo.trials.claim import Claim, begin, claim
from airflow_hpo.trials.conclude import conclude, fail
from airflow_hpo.trials.lost import abandoned, reap
from tests.integration.trial_tasks import RETRIES, START, WORK, task_try_of
from tests.single_requests import ask_one

T = TypeVar("T")
CHANGES = {"create", "ask", "tell", "rerun", "warm_start"}


class Crash(Exception):
    """The process was killed."""


class CrashingStore(Store):
    """A store whose process may be killed right after anything it has written."""

    def __init__(self, database: Database, random: Random, risk: float) -> None:
        super().__init__(database)
        self._random, self._risk = random, risk
        self._inner = super().optuna

    @property
    def optuna(self) -> Any:
        return self

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        with super().session(read_only=read_only) as session:
            yield session
        self._maybe_crash()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            if name in CHANGES:
                self._maybe_crash()
            return result

        return call

    def _maybe_crash(self) -> None:
        if self._random.random() < self._risk:
            raise Crash


@dataclass
class TrialTask:
    """One index of a mapped trial task."""

    request: TrialRequest
    try_number: int = 1
    state: str = "queued"
    running: tuple[Claim, Attempt] | None = None


class Scheduler:
    """Runs a whole study through the functions that its tasks call.

    :param database: the study database.
    :param study: the declaration.
    :param seed: decides every crash, failure and order.
    :param risk: probability of a crash after each write.
    :param failing: probability that an attempt's program fails.
    """

    def __init__(self, database: Database, study: Study, seed: int, risk: float = 0.1, failing: float = 0.15) -> None:
        self.study, self.failing = study, failing
        self.random = Random(seed)
        self.crashes = 0
        self.store = CrashingStore(database, self.random, risk)
        self.quiet = Store(database)
        self.tasks: dict[tuple[int, int], TrialTask] = {}
        self.most_running = 0

    def run(self) -> Summary:
        """Run the study from its start to its end."""
        self.name = self._until_done(lambda: open_edition(self.store, self.study, "r", START)).name
        batches = most_batches(self.study)
        for batch in range(1, batches + 1):
            self._map(batch, self._until_done(lambda: suggest(self.store, self.name, batch)))  # noqa: B023
            self._settle()
        self._map(batches + 1, self._until_done(lambda: reserve(self.store, self.name, batches + 1, 1024)))
        while self._active():
            self._advance()
        self._until_done(self._reap)
        return self._until_done(lambda: finish(self.store, status(self.store, self.name)))

    def _map(self, batch: int, requests: list[TrialRequest]) -> None:
        self.tasks.update({(batch, index): TrialTask(request) for index, request in enumerate(requests)})

    def _settle(self) -> None:
        while True:
            self._until_done(self._reap)
            look = status(self.quiet, self.name)
            if look.verdict.over or look.ready:
                return
            self._advance()

    def _reap(self) -> None:
        states = {place: task.state for place, task in self.tasks.items()}
        reap(self.store, self.name, abandoned(self.store.optuna.records(self.name), states))

    def _active(self) -> list[TrialTask]:
        return [task for task in self.tasks.values() if task.state in ("queued", "running")]

    def _advance(self) -> None:
        task = self.random.choice(self._active())
        try:
            self._step(task)
        except Crash:
            self._again(task)
        self.most_running = max(self.most_running, status(self.quiet, self.name).progress.running)

    def _step(self, task: TrialTask) -> None:
        place = task_try_of(task.request.key, task.try_number)
        if task.running is None:
            request = self._numbered(task)
            if request is None:
                return
            claimed = claim(self.store, request, WORK, place)
            if claimed.answered:
                task.state = "success"
                return
            task.running = claimed, begin(self.store, claimed, place, "process", Placement())
            task.state = "running"
            return
        self._end(task, *task.running)

    def _numbered(self, task: TrialTask) -> TrialRequest | None:
        if task.request.number is not None:
            return task.request
        request, look = ask_one(self.store, self.name, task.request.key)
        if request is None and look.verdict.over:
            task.state = "skipped"
        return request

    def _end(self, task: TrialTask, claimed: Claim, attempt: Attempt) -> None:
        if self.random.random() < self.failing:
            kind = self.random.choice([FailureKind.PROGRAM, FailureKind.INFRASTRUCTURE, FailureKind.KILLED])
            place = task_try_of(task.request.key, task.try_number)
            final = fail(self.store, attempt, Outcome.failed("It broke.", kind=kind), place, 1)
            self._again(task, final=final)
            return
        conclude(self.store, attempt, Outcome.complete(Measurement(self.random.random())))
        task.state = "success"

    def _again(self, task: TrialTask, final: bool = False) -> None:
        self.crashes += 1
        task.running = None
        if final or task.try_number > RETRIES:
            task.state = "failed"
        else:
            task.state, task.try_number = "queued", task.try_number + 1

    def _until_done(self, body: Callable[[], T]) -> T:
        while True:
            try:
                return body()
            except Crash:
                self.crashes += 1
