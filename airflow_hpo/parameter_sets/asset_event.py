"""What those hear who wait for a parameter set."""

from __future__ import annotations

from typing import Any

from airflow_hpo.parameter_sets.promote import Move


def event_of(move: Move) -> dict[str, Any]:
    """Return what an asset event says of a move: name, version, parameters, and the version before."""
    made = move.made
    return {"name": made.name, "version": made.version, "params": dict(made.params), "previous": move.previous}
