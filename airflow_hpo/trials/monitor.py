"""Monitor of a running trial: takes what it reports, and says when the pruner or its study ends it."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Condition

from cachetools import TTLCache, cached

from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.exceptions import TransientHpoError
from airflow_hpo.storage import acts
from airflow_hpo.studies.stop import must_be_withdrawn, reason_to_end
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.reporter import TrialReporter

logger = logging.getLogger(__name__)

KEPT = 1.0
"""Seconds for which an answer holds in this process: a triggerer asks for each of its trials every few seconds."""


@cached(
    TTLCache(1024, KEPT),
    key=lambda store, edition, unbegun=False: (store.database, edition, unbegun),
    condition=Condition(),
)
def must_end(store: Store, edition: str, unbegun: bool = False) -> str | None:
    """Return why the running trials of an edition must end now; None while they may go on.

    Cheap enough to be asked every few seconds for every trial: an answer is kept for a second. A study database that is
    away ends nothing.
    """
    try:
        return reason_to_end(store.without_retry, edition, unbegun=unbegun)
    except TransientHpoError as err:
        logger.warning("Whether the study is over cannot be seen now, so trials go on: %s", err)
        return None


@cached(TTLCache(1024, KEPT), key=lambda store, edition: (store.database, edition), condition=Condition())
def ended_by_hand(store: Store, edition: str) -> Mapping[int, str]:
    """Return why trials of an edition must end because a person wants so, by their numbers; asked and kept like the above."""
    try:
        return store.without_retry.read(acts.ends, edition)
    except TransientHpoError as err:
        logger.warning("Whether a person has ended a trial cannot be seen now, so trials go on: %s", err)
        return {}


class TrialMonitor:
    """Takes what a running trial reports, and gives the trial up also when its study ends it."""

    def __init__(self, report: TrialReporter, store: Store, edition: str, number: int, interval: float) -> None:
        self.reason: str | None = None
        """Why the study or a person ended the trial; None unless one did."""
        self.unbegun = False
        """Whether its program has not started: then it is withdrawn as soon as its study is over."""
        self.heard = report.heard
        """Takes that the program has printed a line."""
        self.printed = report.printed
        """Takes a line of the program, with what it says besides metrics."""
        self.read_to = report.read_to
        """Takes how far the program's log was read."""
        self._report = report
        self._store = store
        self._edition = edition
        self._number = number
        self._interval = interval
        self._due = time.monotonic() + interval

    def _reason_of_study(self) -> str | None:
        reason = must_end(self._store, self._edition, self.unbegun)
        if reason and self.unbegun and not self._is_withdrawn():
            # Only now, because it reads all simulations of a study with scenarios.
            reason = must_end(self._store, self._edition)
        return reason

    def _is_withdrawn(self) -> bool:
        try:
            return must_be_withdrawn(self._store.without_retry, self._edition, self._number)
        except TransientHpoError:
            return False  # looked at again, as is whether the study is over

    def explained(self, outcome: Outcome) -> Outcome:
        """Add why the study ended a trial, if it did."""
        if self.reason is None or outcome.state is not AttemptOutcome.PRUNED:
            return outcome
        return replace(outcome, reason=self.reason)

    def __call__(self, points: Sequence[SeriesPoint]) -> bool:
        """Deliver the points; return True when the trial has to end."""
        if self._report(points):
            return True
        if self.reason is None and time.monotonic() >= self._due:
            by_hand = ended_by_hand(self._store, self._edition).get(self._number)
            self.reason = by_hand or self._reason_of_study()
            self._due = time.monotonic() + self._interval
        return self.reason is not None
