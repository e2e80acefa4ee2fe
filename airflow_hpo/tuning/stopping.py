"""Whether trials that still run have to end, because their study is over."""

from __future__ import annotations

import logging
import threading
import time

from airflow_hpo.exceptions import TransientHpoError
from airflow_hpo.storage.database import Database
from airflow_hpo.tuning.judging import status_of
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
            answer = reason_to_end(store, edition)
        except TransientHpoError as err:
            logger.warning("Whether the study is over cannot be seen now, so trials go on: %s", err)
            answer = None
        _answers[key] = (time.monotonic(), answer)
        return answer


def reason_to_end(store: Store, edition: str) -> str | None:
    """Look whether the running trials of an edition must end: it is over, and was declared to end them then.

    What runs after the study has been summed up was started by a person who cleared it, and goes on.

    :param store: the study database.
    :param edition: the edition.
    """
    found = store.edition(edition)
    if found.study.when_over != "stop" or found.finished is not None:
        return None
    verdict = status_of(found, store.optuna.records(edition, details=False)).verdict
    return f"The trial was ended before it had finished. {verdict.reason}" if verdict.over else None
