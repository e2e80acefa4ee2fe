"""Pace of a study: finished trials per minute and the time that is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.trial import TrialRecord


@dataclass(frozen=True, slots=True)
class Pace:
    """Speed of a study."""

    per_minute: float | None
    """Finished trials a minute since the first one started; None before any has finished."""
    left: timedelta | None
    """Estimated time until enough trials have finished; None before any has."""


def pace_of(trials: Iterable[TrialRecord], missing: int, now: datetime) -> Pace:
    """Estimate the pace of a study."""
    own = own_trials(trials)
    starts = [trial.started for trial in own if trial.started]
    done = sum(trial.state.finished for trial in own)
    if not starts or not done:
        return Pace(None, None)
    minutes = max((now - min(starts)).total_seconds(), 1e-3) / 60
    return Pace(done / minutes, timedelta(minutes=missing * minutes / done))
