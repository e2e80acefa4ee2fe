"""Details of one trial: its record, its attempts, and every value that they reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from airflow_hpo.core.attempt import Attempt, MetricValue, counting
from airflow_hpo.core.trial import TrialRecord


@dataclass(frozen=True, slots=True)
class TrialDetails:
    """All that is stored about one trial, as :meth:`airflow_hpo.HpoHook.trial` returns it.

    Example::

        trial = HpoHook().trial("bikes", 3)
        trial.record.params["lr"], trial.record.value
        trial.curve()  # {1: 0.91, 2: 0.67, ...}: the objective of the attempt that counts
        [attempt.reason for attempt in trial.attempts]
    """

    edition: str
    """Name of the edition, ``study@run``."""
    metric: str
    """Name of the objective."""
    record: TrialRecord
    """Number, state, parameters, value, extra metrics, origin, and the times in UTC."""
    replaced_by: int | None
    """Number of the trial that ran it again; None when none did."""
    attempts: Sequence[Attempt]
    """Its runs, oldest first; empty while no task has begun it."""
    values: Sequence[MetricValue]
    """What all attempts reported, in the order of attempts, metrics and steps."""
    slot: int | None = None
    """The slot that it has or had last, 0 or more; None while it has not run, and for trials that ran before slots were kept."""
    breaks: str | None = None
    """The constraints on metrics that it breaks, and by how much; None when it breaks none."""
    feasible: bool | None = None
    """Whether it keeps the constraints on metrics; None where there is none, and where that is not known, or not yet."""
    simulations: Mapping[str, TrialDetails] = field(default_factory=dict)
    """Of a trial of several simulations the one that counts of each scenario, by its name; such a trial has no attempts of its own."""

    @property
    def counting(self) -> Attempt | None:
        """The attempt that gave the result, else the newest one; None while no task has begun the trial."""
        return counting(self.attempts)

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that any attempt reported, the objective first."""
        names = dict.fromkeys(value.name for value in self.values)
        return sorted(names, key=lambda name: name != self.metric)

    def curve(self, metric: str | None = None, attempt: int | None = None) -> dict[int, float]:
        """Return what one attempt reported of one metric, by step in rising order.

        :param metric: name of the metric; None for the objective.
        :param attempt: number of the attempt, 1 or more; None for the one that counts.
        :returns: value by step; values may be NaN or infinite; empty when nothing was reported. Of more than 1,000 values
            later ones are thinned.
        """
        if attempt is None:
            attempt = self.counting.attempt if self.counting else 0
        wanted = self.metric if metric is None else metric
        return {v.step: v.value for v in self.values if (v.name, v.attempt) == (wanted, attempt)}
