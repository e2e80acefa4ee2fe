"""Evaluations for tests, written as tables are read: a list of values per candidate, one per scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd


def evaluated(metric: str, values: Mapping[str, Sequence[float]], **columns: Any) -> pd.DataFrame:
    """Return one row per candidate and scenario; what has no value was failed by the infrastructure, unless a column says more.

    :param metric: name of the metric's column.
    :param values: each candidate's values, one per scenario.
    :param columns: further columns, the same value in every row.
    """
    rows = [
        {"candidate": candidate, "scenario": f"day {i:02d}", metric: value, "failure_kind": "infrastructure"}
        for candidate, row in values.items()
        for i, value in enumerate(row)
    ]
    return pd.DataFrame(rows).assign(**columns)
