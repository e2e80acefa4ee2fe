"""Attempt: one run of a trial as it is stored, and the task and the backend that run it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self, TypeVar

from airflow_hpo.core.phases import Seconds
from airflow_hpo.core.placement import UNKNOWN, Placement
from airflow_hpo.core.remarks import NO_REMARKS, Remarks
from airflow_hpo.core.trial import AttemptOutcome, FailureKind


class Backend(StrEnum):
    """Names of the backends of this package, as attempts store them; an operator of an author's own may give another."""

    PROCESS = "process"
    FUNCTION = "function"
    GROUP = "group"
    POD = "pod"
    JOB = "job"


AS_TEXT = frozenset({Backend.PROCESS, Backend.POD, Backend.JOB})
"""Backends with programs, which get every parameter as text."""

IN_CLUSTER = frozenset({Backend.POD, Backend.JOB})
"""Backends with attempts that wait for a node once they have begun."""


@dataclass(frozen=True, slots=True)
class TaskRun:
    """The task instance that runs an attempt, in Airflow's own words."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    """-1 for a task that is not mapped."""
    try_number: int = 1
    """Counted from 1."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a trial: who ran it, where, and how it ended."""

    study: str
    """Name of the edition."""
    number: int
    """Number of the trial."""
    attempt: int
    """Which run of the trial this is, counted from 1."""
    task: TaskRun
    backend: str
    """What runs it: a value of :class:`~airflow_hpo.core.attempt.Backend`, or the name that an author's own operator gives."""
    started: datetime
    outcome: AttemptOutcome = AttemptOutcome.RUNNING
    finished: datetime | None = None
    kind: FailureKind | None = None
    """Who is to blame; None unless it failed or was lost."""
    reason: str | None = None
    """One sentence for people; None while nothing needs saying."""
    exit_code: int | None = None
    problems: Sequence[str] = ()
    """What was odd although it did not fail the attempt, one short sentence each."""
    log_tail: str | None = None
    placement: Placement = UNKNOWN
    """Where it runs."""
    work: str | None = None
    """Fingerprint of what was run: command, image or code."""
    heard: datetime | None = None
    """When the last line of a program or a pod came; None when none came, and where that is not kept."""
    verdict: str | None = None
    """Where the pruner gave it up, as in *it was*, or *would have been*, ``pruned at step 12 ...``; None where it did not."""
    reading: str | None = field(default=None, repr=False)
    """How far its log was read, for the next reader; None where nothing needs it."""

    waits_for: str | None = None
    """What it waits for, a :class:`~airflow_hpo.core.waiting.Waiting` as text, or did to its end; None once its program has started."""
    seconds: Seconds | None = field(default=None, hash=False)
    """How long each of its phases took, of one that runs those that are over; None for attempts of before this was kept."""
    remarks: Remarks = field(default=NO_REMARKS, hash=False)
    """What its program has said besides its metrics: spans, notes and links."""

    @property
    def ending(self) -> str | None:
        """Why its pod was deleted, which still ends, one sentence; None where it does not."""
        if self.outcome is not AttemptOutcome.RUNNING or self.backend not in IN_CLUSTER:
            return None
        return self.reason or (f"It was {self.verdict}." if self.verdict else None)

    @property
    def scheduled(self) -> bool:
        """Whether it has a machine to run on: at once where a worker runs it, with its node where a pod does."""
        return self.backend not in IN_CLUSTER or self.placement.node is not None


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One value that an attempt reported."""

    number: int
    """Number of the trial."""
    attempt: int
    name: str
    step: int
    value: float
    """May be NaN or infinite: what a trial reported is kept as it was."""
    reported: datetime


def scheduled_trials(running: Iterable[Attempt]) -> set[int]:
    """Return the numbers of the trials that have a machine to run on; one between two attempts has none."""
    newest = {attempt.number: attempt for attempt in running}
    return {number for number, attempt in newest.items() if attempt.scheduled}


class Run(Protocol):
    """What an attempt is as far as it tells which one of its trial counts."""

    @property
    def study(self) -> str:
        """Name of the edition."""

    @property
    def number(self) -> int:
        """Number of the trial."""

    @property
    def attempt(self) -> int:
        """Which run of the trial, counted from 1."""

    @property
    def outcome(self) -> AttemptOutcome:
        """How it stands or ended."""


R = TypeVar("R", bound=Run)
"""An attempt, or as much of it as is read of many."""


def without_stale(known: Iterable[Attempt]) -> list[Attempt]:
    """Return attempts in their order; one that is kept as running although another of its trial has replaced it is lost.

    No transaction leaves such a row. Databases that were filled before that was so may have some.
    """
    known = list(known)
    return [_lost(one) if old else one for one, old in zip(known, stale(known), strict=True)]


def stale(known: Sequence[Run]) -> list[bool]:
    """Say of each attempt whether it is kept as running although another of its trial has replaced it."""
    newest = {(one.study, one.number): one.attempt for one in known}
    told = {(one.study, one.number) for one in known if one.outcome in GAVE_RESULT}
    return [_stale(one, newest, told) for one in known]


def _stale(attempt: Run, newest: Mapping[tuple[str, int], int], told: Collection[tuple[str, int]]) -> bool:
    trial = attempt.study, attempt.number
    return attempt.outcome is AttemptOutcome.RUNNING and (trial in told or newest[trial] > attempt.attempt)


def _lost(attempt: Attempt) -> Attempt:
    return replace(attempt, outcome=AttemptOutcome.LOST, kind=FailureKind.KILLED, reason=attempt.reason or STALE)


STALE = "Another attempt of the trial took its place."

_STRENGTH = {AttemptOutcome.RUNNING: 0, AttemptOutcome.LOST: 1}


def outweighs(new: AttemptOutcome, old: AttemptOutcome) -> bool:
    """Say whether a statement about an attempt replaces the one that is kept.

    An attempt with a known end has ended; one that was only missed (lost) may still report its end.
    """
    return _STRENGTH.get(new, 2) > _STRENGTH.get(old, 2)


def by_trial(attempts: Iterable[R]) -> dict[int, list[R]]:
    """Return attempts by the number of their trial."""
    found: dict[int, list[R]] = {}
    for attempt in attempts:
        found.setdefault(attempt.number, []).append(attempt)
    return found


def counting(attempts: Iterable[R]) -> R | None:
    """Return the attempt of a trial that counts: the one that gave its result, else the newest; None without one."""
    ordered = sorted(attempts, key=lambda attempt: (attempt.outcome in GAVE_RESULT, attempt.attempt))
    return ordered[-1] if ordered else None


GAVE_RESULT = (AttemptOutcome.COMPLETE, AttemptOutcome.PRUNED)
"""Outcomes of attempts that gave their trial its result."""


@dataclass(frozen=True, slots=True)
class TaskTry:
    """One try of one task instance, and whether Airflow would start another."""

    task: TaskRun
    max_tries: int = 0
    """The last try that Airflow would start by itself, less one: ``retries``, counted on when a person clears the task."""
    retries: int | None = None
    """How often Airflow tries again by itself after a clear; None where that is not known."""

    @classmethod
    def of(cls, ti: Any) -> Self:
        """Return the try of an Airflow task instance, as a task's context has it."""
        index = -1 if ti.map_index is None else ti.map_index
        return cls(
            TaskRun(ti.dag_id, ti.run_id, ti.task_id, index, ti.try_number),
            ti.max_tries,
            getattr(getattr(ti, "task", None), "retries", None),
        )

    def repeats(self, earlier: TaskRun) -> bool:
        """Say whether Airflow itself tries again what it tried then, and no person has cleared the task since."""
        if self.retries is None or replace(earlier, try_number=self.task.try_number) != self.task:
            return False
        return self.max_tries - self.retries < earlier.try_number <= self.task.try_number

    @property
    def last_try(self) -> bool:
        """Whether Airflow will not try again by itself when this try fails."""
        return self.task.try_number > self.max_tries
