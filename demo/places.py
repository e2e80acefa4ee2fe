"""Where the demo keeps things."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / "demo-home"
DAGS = ROOT / "dags"
DAG_ID = "retune_bikes"
PRODUCTION_DAG = "use_champion"
PARAMETER_SET = "bikes"
IN_USE = DAGS / "data" / "bikes_in_use.json"
MONTH = "2011-11-01T00:00:00Z"
