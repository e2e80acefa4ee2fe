"""Where the demo keeps things."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / "demo-home"
DAGS = ROOT / "dags"
PROGRAM = DAGS / "programs" / "train_diabetes.py"
DAG_ID = "tune_diabetes"
GROUP = "tune"
