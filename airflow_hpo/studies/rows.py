"""Studies and trials as flat rows, for tables, exports and frames."""

from __future__ import annotations

from typing import Any

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.storage import attempts, editions
from airflow_hpo.tuning.judging import status_of
from airflow_hpo.tuning.store import Store

COLUMNS = {"number", "state", "attempts", "seconds", "started", "origin", "replaces", "reason"}
"""Columns that every trial has, whatever its study declares."""

INVALID = "invalid"
"""State of a trial whose result was taken back."""


def find_edition(store: Store, name: str) -> Edition:
    """Return the edition of that name, or the newest edition of the study of that name.

    :param store: the study database.
    :param name: ``<study>@<run>``, or ``<study>`` alone.
    :raises StudyNotFoundError: when there is neither.
    """
    with store.session(read_only=True) as session:
        newest = editions.find(session, family=name, limit=1)
        return newest[0] if newest else editions.get(session, name)


def edition_row(store: Store, edition: Edition) -> dict[str, Any]:
    """Return what a list of studies shows of one edition."""
    status = status_of(store, edition, store.optuna.records(edition.name, details=False))
    progress, best = status.progress, status.progress.best
    state = "finished" if edition.finished else ("over" if status.verdict.over else "running")
    return {
        "edition": edition.name,
        "state": state,
        "complete": progress.complete,
        "pruned": progress.pruned,
        "failed": progress.failed,
        "running": progress.running,
        "wanted": edition.study.wanted,
        "best": best.value if best else None,
        "trial": best.number if best else None,
        "started": edition.started.isoformat(timespec="seconds"),
        "end": status.verdict.end.value if status.verdict.end else None,
    }


def trial_rows(store: Store, name: str) -> list[dict[str, Any]]:
    """Return every trial of an edition, replaced ones included, with its parameters, metrics and last attempt."""
    study = store.edition(name).study
    with store.session(read_only=True) as session:
        last = {attempt.number: attempt for attempt in attempts.of(session, name)}
    rows = []
    for record in sorted(store.optuna.records(name), key=lambda r: r.number):
        attempt = last.get(record.number)
        rows.append(
            {
                "number": record.number,
                "state": record.state.value if record.invalid is None else INVALID,
                metric_column(study.objective.metric): record.value,
                **{f"params.{parameter}": record.params.get(parameter) for parameter in study.space},
                **{metric_column(extra): record.metrics.get(extra) for extra in study.objective.extra_metrics},
                "attempts": attempt.attempt if attempt else 0,
                "seconds": _seconds(record),
                "started": record.started.isoformat(timespec="seconds") if record.started else None,
                "origin": record.origin.value,
                "replaces": record.replaces,
                "reason": record.invalid or (attempt.reason if attempt else None),
            }
        )
    return rows


def metric_column(metric: str) -> str:
    """Return the column of a metric: its name, unless another column has that."""
    return f"metrics.{metric}" if metric in COLUMNS or metric.startswith("params.") else metric


def _seconds(record: TrialRecord) -> float | None:
    if record.started is None or record.finished is None:
        return None
    return round((record.finished - record.started).total_seconds(), 1)
