"""Payload of a parameter set's asset event."""

from __future__ import annotations

from typing import Any

from airflow_hpo.parameter_sets.promote import Move


def event_of(move: Move) -> dict[str, Any]:
    """Return the payload for a move: name, version, parameters, and the version before."""
    made = move.made
    return {"name": made.name, "version": made.version, "params": dict(made.params), "previous": move.previous}
