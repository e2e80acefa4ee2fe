"""Stopping a study, and whether trials that still run have to end because it is over."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.study import WhenOver
from airflow_hpo.core.trial import TrialState
from airflow_hpo.exceptions import TransientHpoError
from airflow_hpo.storage import attempts, editions
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.patience import patiently
from airflow_hpo.tuning.judging import status, status_of
from airflow_hpo.tuning.store import Store

logger = logging.getLogger(__name__)

KEPT = 1.0
"""Seconds for which an answer holds in this process: a triggerer asks for each of its trials every few seconds."""

_lock = threading.Lock()
_answers: dict[tuple[Database, str], tuple[float, str | None]] = {}


def must_end(store: Store, edition: str) -> str | None:
    """Return why the running trials of an edition must end now; None while they may go on.

    Cheap enough to be asked every few seconds for every trial: an answer is kept for a second. A study database that is
    away ends nothing.

    :param store: the study database.
    :param edition: the edition.
    """
    key = (store.database, edition)
    with _lock:
        at, answer = _answers.get(key, (float("-inf"), None))
        if time.monotonic() - at < KEPT:
            return answer
        try:
            answer = reason_to_end(store.impatient, edition)
        except TransientHpoError as err:
            logger.warning("Whether the study is over cannot be seen now, so trials go on: %s", err)
            answer = None
        _answers[key] = (time.monotonic(), answer)
        return answer


@dataclass(frozen=True, slots=True)
class Stop:
    """What a person's request to stop a study has come to."""

    edition: Edition
    over: str | None
    """Why the study is over in any case; None when the request ends it."""
    again: bool
    """Whether it was stopped before."""
    running: Sequence[int]
    """Numbers of the trials that run."""
    waiting: Sequence[int]
    """Numbers of the trials that were suggested and do not start any more."""


def request_stop(store: Store, name: str, reason: str, running: WhenOver | None = None) -> Stop:
    """Let a study start nothing further; what runs is left to finish or ended. Repeating it keeps the first reason.

    :param store: the study database.
    :param name: the edition.
    :param reason: who wants it and why, in one sentence.
    :param running: what becomes of trials that run; None for what the study declares.
    """
    before = status(store, name)
    edition = before.edition
    if edition.finished is None:
        with store.session() as session:
            if not before.verdict.over:
                edition = editions.request_stop(session, name, reason)
            if running is not None:
                edition = editions.redeclare(session, name, edition.study.model_copy(update={"when_over": running}))
    over = before.verdict.reason or edition.reason or "" if before.verdict.over or edition.finished else None
    again = edition.stop_reason is not None and before.edition.stop_reason is not None
    return Stop(edition, None if again else over, again, *_open_trials(store, name))


def _open_trials(store: Store, name: str) -> tuple[list[int], list[int]]:
    """Return the trials that run and those that nobody has begun."""
    records = store.optuna.records(name, details=False)
    numbers = [record.number for record in records if record.state is TrialState.RUNNING]
    with store.session(read_only=True) as session:
        begun = {attempt.number for attempt in attempts.of(session, name)}
    return [n for n in numbers if n in begun], [n for n in numbers if n not in begun]


class EndingMonitor:
    """Takes what a running trial reports, and gives the trial up also when its study ends it.

    :param report: takes the points, and says whether the pruner gives the trial up.
    :param store: the study database.
    :param edition: the edition.
    :param interval: seconds between two questions whether the study is over.
    """

    def __init__(
        self, report: Callable[[Sequence[SeriesPoint]], bool], store: Store, edition: str, interval: float
    ) -> None:
        self.reason: str | None = None
        """Why the study ended the trial; None unless it did."""
        self._report = report
        self._store = store
        self._edition = edition
        self._interval = interval
        self._due = time.monotonic() + interval

    def __call__(self, points: Sequence[SeriesPoint]) -> bool:
        """Deliver the points; return True when the trial has to end.

        :param points: new points since the last call, if any.
        """
        if self._report(points):
            return True
        if self.reason is None and time.monotonic() >= self._due:
            self.reason = must_end(self._store, self._edition)
            self._due = time.monotonic() + self._interval
        return self.reason is not None


@patiently
def must_not_start(store: Store, edition: Edition) -> str | None:
    """Return why a trial that nobody has begun must not begin any more; None when it may.

    It was suggested before the study was over, and its task had to wait.

    :param store: the study database.
    :param edition: the edition, as it is now.
    """
    return _reason(store, edition, starting=True)


def reason_to_end(store: Store, edition: str) -> str | None:
    """Look whether the running trials of an edition must end: it is over, and was declared to end them then.

    What runs after the study has been summed up was started by a person who cleared it, and goes on.

    :param store: the study database.
    :param edition: the edition.
    """
    return _reason(store, store.edition(edition))


def _reason(store: Store, found: Edition, *, starting: bool = False) -> str | None:
    stopped = starting and found.stop_reason is not None
    if found.finished is not None or not (stopped or found.study.when_over == "stop"):
        return None
    verdict = status_of(store, found, store.optuna.records(found.name, details=False)).verdict
    what = "was not started" if starting else "was ended before it had finished"
    return f"The trial {what}. {verdict.reason}" if verdict.over else None
