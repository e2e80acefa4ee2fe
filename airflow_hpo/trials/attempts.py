"""Attempts that run elsewhere: found again for their watch, with the place where they run."""

import logging
from collections.abc import Collection
from dataclasses import replace

from sqlalchemy.orm import Session

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.phases import NONE_KNOWN, Moments, seconds_over
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.core.waiting import Waiting
from airflow_hpo.exceptions import StudyNotFoundError, TransientHpoError
from airflow_hpo.storage import attempts, editions, metric_series
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store

logger = logging.getLogger(__name__)

_UNSEEN = (AttemptOutcome.RUNNING, AttemptOutcome.LOST)


@retried
def attempt_of(store: Store, edition: str, number: int, attempt: int) -> Attempt:
    """Return an attempt that another process began."""
    for found in store.read(attempts.of, edition, number):
        if found.attempt == attempt:
            return found
    raise StudyNotFoundError(
        f"Metrics belong to an attempt that has begun, but study {edition!r} has no attempt {attempt} of trial {number}. "
        "Clear the task."
    )


@retried
def last_attempt(store: Store, edition: str, number: int) -> Attempt | None:
    """Return the newest attempt of a trial; None when it was never begun."""
    known = store.read(attempts.of, edition, number)
    return known[-1] if known else None


@retried
def locate(store: Store, attempt: Attempt, placement: Placement) -> None:
    """Add to what is known about where an attempt runs."""
    if placement:
        with store.session() as session:
            attempts.locate(session, attempt.study, attempt.number, attempt.attempt, placement)


def locate_now(store: Store, attempt: Attempt, placement: Placement) -> bool:
    """Say where an attempt runs while it does; False when the database cannot take it now, for which nothing must wait."""
    try:
        locate(store.without_retry, attempt, placement)
    except TransientHpoError as err:
        logger.warning("Where trial %s runs is told the study later: %s", attempt.number, err)
        return False
    return True


@retried
def wait_for(store: Store, attempt: Attempt, waiting: Waiting | None, moments: Moments = NONE_KNOWN) -> Attempt:
    """Note what an attempt waits for, None once its program has started, and how long its phases took until then; return it so."""
    seconds = {**(attempt.seconds or {}), **seconds_over(attempt.started, moments)}
    known = replace(attempt, waits_for=str(waiting) if waiting else None, seconds=seconds)
    with store.session() as session:
        attempts.wait_for(session, known)
    return known


def wait_for_now(store: Store, attempt: Attempt, waiting: Waiting | None, moments: Moments) -> bool:
    """Say what an attempt waits for while it does; False when the database cannot take it now."""
    try:
        wait_for(store.without_retry, attempt, waiting, moments)
    except TransientHpoError as err:
        logger.warning("What trial %s waits for is told the study later: %s", attempt.number, err)
        return False
    return True


def end_now(store: Store, attempt: Attempt, reason: str) -> None:
    """Say why the pod of an attempt was deleted while it still ends; a database that is away hears it with the end."""
    try:
        with store.without_retry.session() as session:
            attempts.ending(session, attempt, reason)
    except TransientHpoError as err:
        logger.warning("That trial %s ends is told the study later: %s", attempt.number, err)


@retried
def unseen(store: Store, attempt: Attempt) -> tuple[Collection[int], Collection[int]]:
    """Return the attempts of a trial without an end, and those that failed through no fault of the program.

    What the former ran may be taken up whatever became of it; of the latter only what still runs or succeeded.
    """
    known = store.read(attempts.of, attempt.study, attempt.number)
    open_ones = {a.attempt for a in known if a.outcome in _UNSEEN} | {attempt.attempt}
    return open_ones, {a.attempt for a in known if a.kind is FailureKind.INFRASTRUCTURE} - open_ones


@retried
def reading_of(store: Store, attempt: Attempt) -> tuple[str, dict[str, list[int]]] | None:
    """Return how far the log of an attempt was read, with the steps that are stored of each metric; None where it never was."""
    if attempt.reading is None:
        return None
    steps: dict[str, list[int]] = {}
    for value in store.read(metric_series.series, attempt.study, attempt.number, attempt=attempt.attempt):
        steps.setdefault(value.name, []).append(value.step)
    return attempt.reading, steps


def take_up(store: Store, attempt: Attempt, earlier: int) -> Attempt:
    """Give an attempt what an earlier one has read of the pod that it takes up, and return it as it is then."""
    if earlier == attempt.attempt or attempt.reading is not None:
        return attempt
    taken = _take_up(store, attempt, earlier)
    if taken.reading is not None:
        _derive_anew(store, taken)
    return taken


@retried
def _take_up(store: Store, attempt: Attempt, earlier: int) -> Attempt:
    name, number = attempt.study, attempt.number
    with store.session() as session:
        before = next((one for one in attempts.of(session, name, number) if one.attempt == earlier), None)
        if before is None or before.reading is None:
            return attempt
        rows = metric_series.series(session, name, number, attempt=earlier)
        metric_series.add(session, name, number, attempt.attempt, [(row.name, row.step, row.value) for row in rows])
        attempts.read_to(session, attempt, before.reading)
    return replace(attempt, reading=before.reading)


@retried
def _derive_anew(store: Store, attempt: Attempt) -> None:
    with store.session() as session:
        derive(store, session, attempt)


def derive(store: Store, session: Session, attempt: Attempt, *, whole: bool = True) -> None:
    """Make what an attempt reported the trial's intermediate values; nothing happens once the trial has ended.

    A trial that is retried must not be judged by the curve of an attempt that died. Of an attempt that the pruner gave up they
    end at the step where it did, although the program went on for a moment: then they are not made ``whole``.
    """
    name, number = attempt.study, attempt.number
    metric = editions.get(session, name).study.objective.metric
    reported = metric_series.series(session, name, number, metric, attempt=attempt.attempt)
    values = {each.step: each.value for each in reported}
    store.optuna.set_intermediate_values(name, number, values, within=session.connection(), whole=whole)
