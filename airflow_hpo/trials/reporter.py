"""Reporter of a running trial: stores its metrics and asks whether it must end."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.remarks import Remarks
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import TransientHpoError
from airflow_hpo.storage import attempts, metric_series
from airflow_hpo.studies.store import Store

if TYPE_CHECKING:
    from airflow_hpo.optuna.judge import Judgement

logger = logging.getLogger(__name__)

LINES_PAUSE = 5.0
"""Seconds between two writes of the last line, and of how far a log was read, where no value is stored: a program may print all
the time."""


class TrialReporter:
    """Takes what a running trial reports, a few times a second at most."""

    def __init__(self, store: Store, study: Study, attempt: Attempt) -> None:
        self.verdict = attempt.verdict
        """Where the pruner gave the attempt up, as in *it was* ``pruned at step 12 ...``; None while it has not."""
        self._store = store
        self._metric = study.objective.metric
        self._attempt = attempt
        self._waiting: list[SeriesPoint] = []
        self._heard: datetime | None = None
        self._heard_due = 0.0
        self._reading: str | None = None
        self._remarks = attempt.remarks
        self._untold_remarks = False
        self._pruning = store.optuna.pruning(attempt.study, study, attempt.number)

    def __call__(self, points: Sequence[SeriesPoint]) -> bool:
        """Store the points; return True when the pruner gives the trial up.

        A database that is away costs the trial nothing: the points wait for the next call.
        """
        self._waiting += points
        heard = self._heard_lately()
        if not self._waiting and heard is None:
            return self.verdict is not None
        try:
            ended = self._deliver(self._waiting, heard)
        except TransientHpoError as err:
            logger.warning("Metrics wait until the study database answers: %s", err)
            self._heard = self._heard or heard
            return self.verdict is not None
        self._waiting, self._reading = [], None
        return ended

    def heard(self, at: datetime | None = None) -> None:
        """Take that the program has printed a line, now or at the moment that the line bears; stored by a later call."""
        self._heard = at or datetime.now(UTC)

    def read_to(self, reading: str, remarks: Remarks) -> None:
        """Take how far the log was read and what was said until there; stored in one transaction with the values until there."""
        self._reading = reading
        self._remark(remarks)

    def printed(self, line: str) -> None:
        """Take a line that the program has printed just now; what it says besides metrics is stored by a later call."""
        self.heard()
        self._remark(self._remarks.and_line(line))

    def _remark(self, remarks: Remarks) -> None:
        self._untold_remarks |= remarks != self._remarks
        self._remarks = remarks

    @property
    def waiting(self) -> bool:
        """Whether values or remarks wait for the database."""
        return bool(self._waiting) or self._untold_remarks

    def deliver_rest(self) -> None:
        """Deliver what still waits when the trial has ended."""
        if self.waiting:
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
        """Judge and store the points; return whether the trial has to end."""
        a, values = self._attempt, {point.step: point.value for point in points if point.name == self._metric}
        judged = self._pruning.judge({} if self.verdict else values)
        remarks = self._remarks if self._untold_remarks else None
        with self._store.session() as session:
            runs, counts = self._keep(session, points, judged) if values else (True, self._add(session, points))
            given_up = judged.verdict if runs and counts else None
            if given_up:
                attempts.give_up(session, a, given_up)
            if heard:
                # Last, as the end of a trial changes the trial's row before those of its attempts.
                attempts.hear(session, a.study, a.number, a.attempt, heard)
            if self._reading:
                attempts.read_to(session, a, self._reading)
            if remarks is not None:
                attempts.remark(session, a, remarks)
        self._untold_remarks &= self._remarks is not remarks
        self.verdict = self.verdict or given_up
        return not runs or self.verdict is not None

    def _keep(self, session: Session, points: Sequence[SeriesPoint], judged: Judgement) -> tuple[bool, bool]:
        """Store the points and what was judged; return whether the trial runs, and whether this attempt is its newest."""
        # Held before it is looked which attempt is the newest, so that another one begins before or after.
        with self._pruning.locked(session.connection()) as trial:
            counts = self._add(session, points)
            # The curve that Optuna knows is that of a later attempt, if there is one.
            if counts:
                self._pruning.keep(judged, trial)
        return trial.running, counts

    def _add(self, session: Session, points: Sequence[SeriesPoint]) -> bool:
        """Add the points to the attempt's series; return whether it is the newest of its trial."""
        a, rows = self._attempt, [(point.name, point.step, point.value) for point in points]
        return bool(rows) and metric_series.add(session, a.study, a.number, a.attempt, rows)
