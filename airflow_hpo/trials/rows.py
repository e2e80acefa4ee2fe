"""Trials as flat rows, for tables, exports and pandas frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {"number", "state", "attempts", "seconds", "started", "origin", "replaces", "reason"}
"""Columns that every trial has, whatever its study declares."""


INVALID = "invalid"
"""State of a trial whose result was taken back."""


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


def trials_frame(store: Store, name: str) -> pd.DataFrame:
    """Return the trials of an edition, one a row, indexed by number."""
    import pandas as pd

    frame = pd.DataFrame(trial_rows(store, name))
    return frame.set_index("number") if len(frame) else frame
