"""DAG runs as a task's context shows them."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any


def dag_run_at(moment: datetime, **others: Any) -> SimpleNamespace:
    """Return a run about data up to a moment."""
    given = {
        "data_interval_start": moment,
        "data_interval_end": moment,
        "logical_date": None,
        "partition_date": None,
        "run_after": moment,
    }
    return SimpleNamespace(**{**given, **others})
