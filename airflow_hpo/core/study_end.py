"""End of a study: the rules by which it is over, such as a goal that was reached or too many failed trials."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from airflow_hpo.core.progress import Progress
from airflow_hpo.core.study import Study


class End(StrEnum):
    """Why a study is over."""

    MAX_TRIALS = "max_trials"
    GOAL = "goal"
    PATIENCE = "patience"
    TIMEOUT = "timeout"
    MAX_FAILURES = "max_failures"
    STOPPED = "stopped"


def end_of(study: Study, progress: Progress, elapsed: timedelta, stopped: str | None) -> tuple[End, str] | None:
    """Return why a study is over, with the sentence for people; None while it goes on."""
    best = progress.best.value if progress.best else None
    if stopped is not None:
        return End.STOPPED, f"The study was stopped: {stopped}"
    if best is not None and study.objective.reached(best):
        return End.GOAL, f"The goal {study.objective.goal} was reached with {best}."
    if progress.failed > study.failures_allowed:
        return End.MAX_FAILURES, f"{progress.failed} trials failed for good, and {study.failures_allowed} may."
    if progress.counted(study.count) >= study.wanted:
        return End.MAX_TRIALS, f"All {study.wanted} trials are {study.count}."
    if study.patience is not None and progress.since_best >= study.patience:
        return End.PATIENCE, f"{progress.since_best} trials in a row brought nothing better than {best}."
    if study.timeout is not None and elapsed >= study.timeout:
        return End.TIMEOUT, f"The timeout of {study.timeout} has passed."
    return None
