"""What becomes of an attempt: its trial is told, or stays open for the next attempt."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.task_try import TaskTry
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRecord, TrialResult, TrialState
from airflow_hpo.exceptions import TrialFailedError
from airflow_hpo.storage import attempts, editions
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.finish import amend
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.claim import Claim, result_of
from airflow_hpo.trials.intermediate_values import derive
from airflow_hpo.trials.reporter import TrialReporter

logger = logging.getLogger(__name__)

LATE = "Another attempt of the trial had ended before; its result stands."


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, whatever ran it."""

    measurement: Measurement | None
    """The metrics; None when it was pruned before it reported any."""
    pruned: bool = False
    exit_code: int | None = None
    tail: Sequence[str] = ()
    """The last lines of its log."""
    reason: str | None = None
    """Why it was ended before it had finished, one sentence; None when the pruner said so, or nobody did."""
    place: Mapping[str, Any] = field(default_factory=dict)
    """What its end adds to what is known about where it ran."""


@retried
def conclude(
    store: Store, claimed: Claim, attempt: Attempt, ended: Ended, report: TrialReporter | None = None
) -> TrialResult:
    """Tell the study that an attempt succeeded or was pruned.

    Safe to repeat, also after the task was killed between telling and returning: what the study has stands.
    """
    if report:
        report.deliver_rest()
    return _succeeded(store, attempt, claimed.work, ended)


@retried
def conclude_attempt(store: Store, attempt: Attempt, ended: Ended) -> TrialResult:
    """Do the same for an attempt that another process began, when the task that claimed the trial does not run."""
    return _succeeded(store, attempt, attempt.work or "", ended)


def _succeeded(store: Store, attempt: Attempt, work: str, ended: Ended) -> TrialResult:
    state = TrialState.PRUNED if ended.pruned else TrialState.COMPLETE
    value = ended.measurement.value if ended.measurement and not ended.pruned else None
    metrics = dict(ended.measurement.metrics) if ended.measurement else {}
    outcome = AttemptOutcome.PRUNED if ended.pruned else AttemptOutcome.COMPLETE
    name, number = attempt.study, attempt.number
    with store.session() as session:
        others = _other_attempts(session, attempt)
        if others:
            derive(store, session, attempt)
        told = store.optuna.tell(name, number, state, value, metrics, work, within=session.connection())
        # A task that Airflow thought dead may end beside the one that took its place; one of them gave the result.
        late = any(other.outcome is outcome for other in others)
        attempts.finish(
            session,
            name,
            number,
            attempt.attempt,
            AttemptOutcome.LOST if late else outcome,
            kind=FailureKind.KILLED if late else None,
            reason=LATE if late else ended.reason,
            problems=ended.measurement.problems if ended.measurement else (),
            exit_code=ended.exit_code,
            log_tail="\n".join(ended.tail),
            place=ended.place,
        )
    _amend(store, name, told)
    return result_of(name, told, attempt.attempt)


@retried
def fail(
    store: Store,
    claimed: Claim,
    attempt: Attempt,
    error: TrialFailedError,
    ended: Ended,
    place: TaskTry,
    program_retries: int,
    report: TrialReporter | None = None,
) -> bool:
    """Record that an attempt failed; tell the study and return True when no further attempt is due.

    A killed attempt leaves the trial open: whoever killed it may run it again, and a watcher gives it up otherwise.
    """
    if report:
        report.deliver_rest()
    name, number = attempt.study, attempt.number
    with store.session() as session:
        attempts.finish(
            session,
            name,
            number,
            attempt.attempt,
            AttemptOutcome.FAILED,
            kind=FailureKind(error.kind),
            reason=error.reason,
            exit_code=ended.exit_code,
            log_tail="\n".join(ended.tail),
            place=ended.place,
        )
        exhausted = _programs_own(attempts.of(session, name, number)) > program_retries
        if error.kind == FailureKind.KILLED or not (exhausted or place.last_try):
            return False
        told = store.optuna.tell(name, number, TrialState.FAIL, work=claimed.work, within=session.connection())
    _amend(store, name, told)
    return True


def _programs_own(known: Sequence[Attempt]) -> int:
    """Return how many failures are the program's; the first silence of one that ended well may be the runtime's."""
    kinds = [attempt.kind for attempt in known]
    return kinds.count(FailureKind.PROGRAM) + max(0, kinds.count(FailureKind.UNHEARD) - 1)


def _other_attempts(session: Session, attempt: Attempt) -> list[Attempt]:
    """Return the other attempts of a trial, of which none begins or ends well before this transaction ends."""
    editions.row_id(session, attempt.study, lock=True)
    return [a for a in attempts.of(session, attempt.study, attempt.number) if a.attempt != attempt.attempt]


def _amend(store: Store, name: str, told: TrialRecord) -> None:
    """Only a trial that runs another again may end after its study."""
    if told.replaces is not None and (said := amend(store, name)):
        logger.info("%s", said)
