"""Reporter of a running trial: stores its metrics and asks whether it must end."""

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import TransientHpoError
from airflow_hpo.storage import attempts, metric_series
from airflow_hpo.studies.store import Store

logger = logging.getLogger(__name__)

LINES_PAUSE = 15.0
"""Seconds between two writes of the moment of the last line: only people read it, and a program may print all the time."""


class TrialReporter:
    """Takes what a running trial reports, a few times a second at most."""

    def __init__(self, store: Store, study: Study, attempt: Attempt) -> None:
        self._store = store
        self._metric = study.objective.metric
        self._attempt = attempt
        self._waiting: list[SeriesPoint] = []
        self._heard: datetime | None = None
        self._heard_due = 0.0
        self._pruning = store.optuna.pruning(attempt.study, study, attempt.number)

    def __call__(self, points: Sequence[SeriesPoint]) -> bool:
        """Store the points; return True when the pruner gives the trial up.

        A database that is away costs the trial nothing: the points wait for the next call.
        """
        self._waiting += points
        heard = self._heard_lately()
        if not self._waiting and heard is None:
            return False
        try:
            pruned = self._deliver(self._waiting, heard)
        except TransientHpoError as err:
            logger.warning("Metrics wait until the study database answers: %s", err)
            self._heard = self._heard or heard
            return False
        self._waiting = []
        return pruned

    def heard(self, at: datetime | None = None) -> None:
        """Take that the program has printed a line, now or at the moment that the line bears; stored by a later call."""
        self._heard = at or datetime.now(UTC)

    @property
    def waiting(self) -> bool:
        """Whether values wait for the database."""
        return bool(self._waiting)

    def deliver_rest(self) -> None:
        """Deliver what still waits when the trial has ended."""
        if self._waiting:
            self._deliver(self._waiting)
            self._waiting = []

    def _heard_lately(self) -> datetime | None:
        """Return when the last line came, if that is to be stored now."""
        if self._heard is None or time.monotonic() < self._heard_due:
            return None
        self._heard_due = time.monotonic() + LINES_PAUSE
        heard, self._heard = self._heard, None
        return heard

    def _deliver(self, points: Sequence[SeriesPoint], heard: datetime | None = None) -> bool:
        a, values = self._attempt, {p.step: p.value for p in points if p.name == self._metric}
        with self._store.session() as session:
            rows = [(p.name, p.step, p.value) for p in points]
            counts = bool(rows) and metric_series.add(session, a.study, a.number, a.attempt, rows)
            # The curve that Optuna knows is that of a later attempt, if there is one.
            judged = values if counts else {}
            runs = not values or self._pruning.keep(judged, within=session.connection())
            if heard:
                # Last, as the end of a trial changes the trial's row before those of its attempts.
                attempts.hear(session, a.study, a.number, a.attempt, heard)
        return not runs or (bool(judged) and self._pruning.should_prune())
