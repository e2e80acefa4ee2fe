"""Reporter of a running trial: stores its metrics and asks whether it must end."""

import logging
from collections.abc import Sequence

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import TransientHpoError
from airflow_hpo.storage import metric_series
from airflow_hpo.studies.store import Store

logger = logging.getLogger(__name__)


class TrialReporter:
    """Takes what a running trial reports, a few times a second at most."""

    def __init__(self, store: Store, study: Study, attempt: Attempt) -> None:
        self._store = store
        self._metric = study.objective.metric
        self._attempt = attempt
        self._waiting: list[SeriesPoint] = []
        self._pruning = store.optuna.pruning(attempt.study, study, attempt.number)

    def __call__(self, points: Sequence[SeriesPoint]) -> bool:
        """Store the points; return True when the pruner gives the trial up.

        A database that is away costs the trial nothing: the points wait for the next call.
        """
        self._waiting += points
        if not self._waiting:
            return False
        try:
            pruned = self._deliver(self._waiting)
        except TransientHpoError as err:
            logger.warning("Metrics wait until the study database answers: %s", err)
            return False
        self._waiting = []
        return pruned

    @property
    def waiting(self) -> bool:
        """Whether values wait for the database."""
        return bool(self._waiting)

    def deliver_rest(self) -> None:
        """Deliver what still waits when the trial has ended."""
        if self._waiting:
            self._deliver(self._waiting)
            self._waiting = []

    def _deliver(self, points: Sequence[SeriesPoint]) -> bool:
        a, values = self._attempt, {p.step: p.value for p in points if p.name == self._metric}
        with self._store.session() as session:
            counts = metric_series.add(
                session, a.study, a.number, a.attempt, [(p.name, p.step, p.value) for p in points]
            )
            # The curve that Optuna knows is that of a later attempt, if there is one.
            judged = values if counts else {}
            runs = not values or self._pruning.keep(judged, within=session.connection())
        return not runs or (bool(judged) and self._pruning.should_prune())
