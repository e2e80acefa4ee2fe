"""Columns of tables for a terminal: those that fit into 80 characters and say something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_hpo.core.trial import Origin
from airflow_hpo.trials.rows import COLUMNS

DULL = {"attempts": 1, "origin": Origin.SAMPLER.value}
"""Columns of a trial that are shown only where a trial has something else."""
HIDDEN = {"state", "started", "reason", "exit_code", "problems"}
"""Columns of a trial that complete ones need not show, or that are printed below the table."""


def edition_view(row: dict[str, Any], count: str) -> dict[str, Any]:
    """Return what a table of editions shows of one."""
    done = row["complete"] + row["pruned"] + (row["failed"] if count == "finished" else 0)
    return {
        "edition": row["edition"],
        "state": row["state"],
        "done": f"{done}/{row['wanted']}",
        "failed": row["failed"] or None,
        "running": row["running"] or None,
        "best": row["best"],
        "started": row["started"][5:16].replace("T", " "),
    }


def trials_view(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a table of complete trials shows of them."""
    dull = {name for name, usual in DULL.items() if all(row[name] == usual for row in rows)}
    return [{_heading(name, row): value for name, value in row.items() if name not in HIDDEN | dull} for row in rows]


def _heading(name: str, row: dict[str, Any]) -> str:
    short = name.removeprefix("params.")
    if name == "number":
        return "trial"
    return name if short in row or short in COLUMNS | {"trial"} else short
