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
"""The demo's first champion: what `make demo YEAR=1` finds a season before, and prints."""
MONTH = "2011-12-01"
"""Also the id of the run, since the seed of an edition comes from it: each demo tries the same points."""
