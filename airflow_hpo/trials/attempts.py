"""Attempts that run elsewhere: found again by whoever watches them, and told where they are."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.exceptions import StudyNotFoundError, TransientHpoError
from airflow_hpo.storage import attempts
from airflow_hpo.storage.patience import patiently
from airflow_hpo.tuning.reporting import TrialReporter
from airflow_hpo.tuning.store import Store

logger = logging.getLogger(__name__)

_UNSEEN = (AttemptOutcome.RUNNING, AttemptOutcome.LOST)


@dataclass(frozen=True, slots=True)
class Running:
    """What an attempt that another process began reports to."""

    store: Store
    study: Study
    attempt: Attempt
    reporter: TrialReporter

    @classmethod
    def of(cls, store: Store, study: Study, attempt: Attempt) -> Self:
        """Return what is known to whoever began the attempt.

        :param store: the study database.
        :param study: the declaration.
        :param attempt: the attempt.
        """
        return cls(store, study, attempt, TrialReporter(store, study, attempt))


def running(store: Store, edition: str, number: int, attempt: int) -> Running:
    """Return the study of an attempt that another process began, and what delivers its metrics.

    :param store: the study database.
    :param edition: the study.
    :param number: the trial.
    :param attempt: which attempt of it.
    :raises StudyNotFoundError: when there is none.
    """
    return Running.of(store, store.edition(edition).study, attempt_of(store, edition, number, attempt))


@patiently
def attempt_of(store: Store, edition: str, number: int, attempt: int) -> Attempt:
    """Return an attempt that another process began.

    :param store: the study database.
    :param edition: the study.
    :param number: the trial.
    :param attempt: which attempt of it.
    :raises StudyNotFoundError: when there is none.
    """
    with store.session(read_only=True) as session:
        for found in attempts.of(session, edition, number):
            if found.attempt == attempt:
                return found
    raise StudyNotFoundError(
        f"Metrics belong to an attempt that has begun, but study {edition!r} has no attempt {attempt} of trial {number}. "
        "Clear the task."
    )


@patiently
def last_attempt(store: Store, edition: str, number: int) -> Attempt | None:
    """Return the newest attempt of a trial; None when it was never begun.

    :param store: the study database.
    :param edition: the study.
    :param number: the trial.
    """
    with store.session(read_only=True) as session:
        known = attempts.of(session, edition, number)
    return known[-1] if known else None


@patiently
def locate(store: Store, attempt: Attempt, place: Mapping[str, Any]) -> None:
    """Add to what is known about where an attempt runs.

    :param store: the study database.
    :param attempt: the attempt.
    :param place: JSON-able; keys that are known already are overwritten.
    """
    if place:
        with store.session() as session:
            attempts.locate(session, attempt.study, attempt.number, attempt.attempt, place)


def locate_now(store: Store, attempt: Attempt, place: Mapping[str, Any]) -> bool:
    """Say where an attempt runs while it does; False when the database cannot take it now, for which nothing must wait.

    :param store: the study database.
    :param attempt: the attempt.
    :param place: JSON-able; keys that are known already are overwritten.
    """
    try:
        locate(store.impatient, attempt, place)
    except TransientHpoError as err:
        logger.warning("Where trial %s runs is told the study later: %s", attempt.number, err)
        return False
    return True


@patiently
def unseen(store: Store, attempt: Attempt) -> tuple[Collection[int], Collection[int]]:
    """Return the attempts of a trial whose end nobody saw, and those that failed through no fault of the program.

    What the former ran may be taken up whatever became of it; of the latter only what still runs or succeeded.

    :param store: the study database.
    :param attempt: the attempt that asks; it is among the former.
    """
    with store.session(read_only=True) as session:
        known = attempts.of(session, attempt.study, attempt.number)
    open_ones = {a.attempt for a in known if a.outcome in _UNSEEN} | {attempt.attempt}
    return open_ones, {a.attempt for a in known if a.kind is FailureKind.INFRASTRUCTURE} - open_ones
