"""Conclusion of an attempt: its trial gets a result, or stays open for the next attempt."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from airflow_hpo.core.act import state_without_result
from airflow_hpo.core.attempt import GAVE_RESULT, Attempt, TaskTry
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRecord, TrialResult, TrialState
from airflow_hpo.storage import acts, attempts, slots
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.finish import amend
from airflow_hpo.studies.simulations import settle
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.attempts import derive
from airflow_hpo.trials.claim import result_of
from airflow_hpo.trials.reporter import TrialReporter

logger = logging.getLogger(__name__)

LATE = "Another attempt of the trial had ended before; its result stands."
GIVEN_UP = "The trial had been given up before this attempt ended."
OVERTAKEN = "Another attempt of the trial ended it."


@retried
def conclude(store: Store, attempt: Attempt, outcome: Outcome, report: TrialReporter | None = None) -> TrialResult:
    """Tell the study that an attempt succeeded or was pruned, and end every attempt of the trial, in one transaction.

    Safe to repeat, also after the task was killed between telling and returning: what the study has stands.
    """
    if report:
        report.deliver_rest()
    pruned, measured = outcome.state is AttemptOutcome.PRUNED, outcome.measurement
    state = TrialState.PRUNED if pruned else TrialState.COMPLETE
    value = measured.value if measured and not pruned else None
    metrics = dict(measured.metrics) if measured else {}
    name, number = attempt.study, attempt.number
    with store.session() as session:
        known = attempts.of(session, name, number, lock=True)
        verdict = next((one.verdict for one in known if one.attempt == attempt.attempt), None)
        given_up = outcome.given_up(verdict)
        if len(known) > 1 or (verdict and not given_up):
            derive(store, session, attempt, whole=not given_up)
        outcome = outcome.explained(verdict)
        told = store.optuna.tell(name, number, state, value, metrics, attempt.work, within=session.connection())
        if late := _late(known, attempt, state, told):
            outcome = replace(outcome, state=AttemptOutcome.LOST, kind=FailureKind.KILLED, reason=late)
        _end(session, known, attempt, outcome, final=True)
        settle(store, session, name, told)
        amended = _amend(store, session, name, told)
    if amended:
        logger.info("%s", amended)
    return result_of(name, told, attempt.attempt)


@retried
def fail(
    store: Store,
    attempt: Attempt,
    outcome: Outcome,
    task_try: TaskTry,
    program_retries: int,
    report: TrialReporter | None = None,
) -> bool:
    """Record that an attempt failed; tell the study and return True when no further attempt is due.

    A killed attempt leaves the trial open: a person may run it again, and a watcher gives it up otherwise.
    """
    if report:
        report.deliver_rest()
    name, number, amended = attempt.study, attempt.number, None
    with store.session() as session:
        known = attempts.of(session, name, number, lock=True)
        kinds = [one.kind for one in known if one.attempt != attempt.attempt]
        exhausted = _programs_own([*kinds, outcome.kind]) > program_retries
        # One that a person ended is no failure, however its program took that.
        by_hand = acts.ends(session, name)
        due = outcome.lasting or exhausted or task_try.last_try or number in by_hand
        final = outcome.kind is not FailureKind.KILLED and due
        if final:
            state = state_without_result(number, by_hand)
            told = store.optuna.tell(name, number, state, work=attempt.work, within=session.connection())
        _end(session, known, attempt, outcome, final=final)
        if final:
            settle(store, session, name, told)
            amended = _amend(store, session, name, told)
    if amended:
        logger.info("%s", amended)
    return final


def _end(session: Session, known: Sequence[Attempt], attempt: Attempt, outcome: Outcome, *, final: bool) -> None:
    """End an attempt, and with its trial those that another task may still believe to run."""
    for one in known:
        if one.attempt == attempt.attempt:
            attempts.finish(session, one, outcome)
    slots.give_back(session, attempt.study, attempt.number, another_attempt=not final)
    if final and any(one.outcome is AttemptOutcome.RUNNING and one.attempt != attempt.attempt for one in known):
        attempts.lose_running(session, attempt.study, attempt.number, OVERTAKEN)


def _late(known: Sequence[Attempt], attempt: Attempt, state: TrialState, told: TrialRecord) -> str | None:
    """Return why an attempt did not give its trial's result; None when it did.

    A task that Airflow thought dead may end at the same time as the one that took its place.
    """
    if told.state is TrialState.FAIL:
        return GIVEN_UP
    others = any(one.outcome in GAVE_RESULT and one.attempt != attempt.attempt for one in known)
    return LATE if others or told.state is not state else None


def _programs_own(kinds: Sequence[FailureKind | None]) -> int:
    """Return how many failures are the program's; the first silence of one that ended well may be the runtime's."""
    own = kinds.count(FailureKind.PROGRAM) + kinds.count(FailureKind.NO_NEWS)
    return own + max(0, kinds.count(FailureKind.NO_OUTPUT) - 1)


def _amend(store: Store, session: Session, name: str, told: TrialRecord) -> str | None:
    """Only a trial that runs another again may end after its study."""
    return None if told.replaces is None else amend(store, session, name, told)
