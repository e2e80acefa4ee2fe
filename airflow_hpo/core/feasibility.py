"""Feasibility of trials: by how much what they measured breaks their study's constraints on metrics."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.trial import Origin, TrialRecord, TrialState, brief


@dataclass(frozen=True, slots=True)
class Limits:
    """The constraints on metrics of a study, with their thresholds as far as these are known."""

    thresholds: Mapping[MetricConstraint, float]
    waiting: tuple[MetricConstraint, ...] = ()
    """Those of which the threshold will be known when the champion's trial has ended."""
    unknown: tuple[MetricConstraint, ...] = ()
    """Those that hold nothing back, because no trial has measured the champion."""

    @classmethod
    def of(cls, constraints: Collection[MetricConstraint], trials: Collection[TrialRecord]) -> Self:
        """Return those of a study, from its trials."""
        trial = _champions(trials) if any(one.relative for one in constraints) else None
        ended = trial is None or trial.state.finished
        measured = trial.metrics if trial and trial.state is TrialState.COMPLETE and trial.invalid is None else {}
        found = {one: one.threshold(measured.get(one.metric)) for one in constraints}
        open_ = tuple(one for one, threshold in found.items() if threshold is None)
        known = {one: threshold for one, threshold in found.items() if threshold is not None}
        return cls(known, *(((), open_) if ended else (open_, ())))

    def __bool__(self) -> bool:
        return bool(self.thresholds or self.waiting or self.unknown)

    def excesses(self, trial: TrialRecord) -> dict[str, float]:
        """Return by how much a trial breaks each constraint, by its text: positive where it does, infinite without the metric.

        A pruned trial is judged by what it had measured, and no trial without a result is judged at all.
        """
        if not trial.state.successful or trial.invalid is not None:
            return {}
        return {
            one.text: one.excess(trial.metrics[one.metric], threshold) if one.metric in trial.metrics else math.inf
            for one, threshold in self.thresholds.items()
            if one.metric in trial.metrics or trial.state is TrialState.COMPLETE
        }

    def feasible(self, trial: TrialRecord) -> bool | None:
        """Say whether a trial keeps every constraint; None where that is not known, or not yet."""
        excesses = self.excesses(trial)
        if any(excess > 0 for excess in excesses.values()):
            return False
        judged = trial.state.successful and trial.invalid is None and len(excesses) == len(self.thresholds)
        return True if judged and not self.waiting else None

    def kept_by(self, trials: Iterable[TrialRecord]) -> list[TrialRecord]:
        """Return the trials that keep every constraint; all of them where there is none."""
        return [trial for trial in trials if not self or self.feasible(trial)]

    def breach(self, trial: TrialRecord) -> str | None:
        """Return what a trial breaks and by how much, for people; None when it breaks nothing."""
        said = [self._said(one, trial) for one in self.thresholds if self.excesses(trial).get(one.text, 0.0) > 0]
        return ", ".join(said) or None

    def least_infeasible(self, trials: Iterable[TrialRecord]) -> TrialRecord | None:
        """Return the complete trial that breaks the constraints by least; None when one keeps them, or none is complete."""
        complete = [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.invalid is None]
        if not self.thresholds or not complete or any(self.feasible(trial) is not False for trial in complete):
            return None
        return min(complete, key=lambda trial: (sum(max(0.0, v) for v in self.excesses(trial).values()), trial.number))

    def none_feasible(self, least: TrialRecord, metric: str) -> str:
        """Return the sentence about a study without a feasible trial."""
        value = "" if least.value is None else f", with {metric} = {brief(least.value)}"
        return f"No trial is feasible: the least infeasible is trial {least.number}{value}, which breaks {self.breach(least)}."

    @property
    def remarks(self) -> Sequence[str]:
        """What people should know of constraints that hold nothing back."""
        texts = ", ".join(repr(one.text) for one in self.unknown)
        return [f"No trial has measured the champion, so nothing is held back by {texts}."] if texts else []

    def _said(self, one: MetricConstraint, trial: TrialRecord) -> str:
        if one.metric not in trial.metrics:
            return f"{one.text!r}, because it did not report {one.metric!r}"
        value, threshold = trial.metrics[one.metric], self.thresholds[one]
        limit = f" against {brief(threshold)}" if one.relative else ""
        return f"{one.text!r} by {brief(one.excess(value, threshold))} ({brief(value)}{limit})"


NO_LIMITS = Limits({})
"""Of a study without constraints on metrics."""


def _champions(trials: Iterable[TrialRecord]) -> TrialRecord | None:
    """Return the newest trial of the champion's parameters; None when the champion is no trial."""
    found: TrialRecord | None = None
    for trial in sorted(trials, key=lambda trial: trial.number):
        first = found is None and trial.origin is Origin.CHAMPION
        if first or (found is not None and trial.replaces == found.number):
            found = trial
    return found
