"""Default against best parameters, on data that the tuning did not see."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from rich.table import Table

from airflow_hpo.core.trial import brief
from demo.places import PROGRAM


def compare(best: dict[str, Any]) -> Table:
    """Train twice and return both errors in one table.

    :param best: the best parameters of the study.
    """
    default_seen, default_unseen = _rmse({}), _rmse({}, "--test")
    best_seen, best_unseen = _rmse(best), _rmse(best, "--test")
    gain = (default_unseen - best_unseen) / default_unseen
    table = Table(
        title="Default against best parameters (root mean squared error, smaller is better)", title_justify="left"
    )
    table.add_column("parameters")
    table.add_column("cross-validation, 60 % of the patients", justify="right")
    table.add_column("unseen, the other 40 %", justify="right")
    table.add_row("default of the library", f"{default_seen:.2f}", f"{default_unseen:.2f}")
    values = ", ".join(f"{name}={brief(value)}" for name, value in best.items())
    table.add_row(f"best: {values}", f"{best_seen:.2f}", f"{best_unseen:.2f}")
    table.caption = (
        f"On unseen patients the tuned model's error is {abs(gain):.1%} {'smaller' if gain > 0 else 'larger'}."
    )
    table.caption_justify = "left"
    return table


def _rmse(params: dict[str, Any], *flags: str) -> float:
    options = [f"--{name.replace('_', '-')}={value}" for name, value in params.items()]
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *options, *flags],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.rpartition("rmse=")[2])
