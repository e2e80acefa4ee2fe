"""The champion as an Airflow Variable, for reads while the study database is away."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from airflow_hpo.core.parameter_set import ParameterVersion, check_name
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.parameter_sets.history import find_version

if TYPE_CHECKING:
    from airflow_hpo.storage.database import Database

PREFIX = "hpo_champion/"


def mirror_key(name: str) -> str:
    """Return the name of the Variable that mirrors a parameter set."""
    return PREFIX + check_name(name)


def mirror_text(version: ParameterVersion) -> str:
    """Return what the Variable holds."""
    return json.dumps(version.to_dict(), indent=2)


def from_mirror(text: str, name: str) -> ParameterVersion:
    """Read a champion from its Variable."""
    try:
        found = ParameterVersion.from_dict(json.loads(text))
    except ValueError:
        raise DeclarationError(
            f"The Variable {mirror_key(name)!r} must hold JSON, but does not. Mirror the champion again."
        ) from None
    if found.name != name:
        raise DeclarationError(
            f"The Variable {mirror_key(name)!r} must hold {name!r}, but holds {found.name!r}. Mirror the champion again."
        )
    return found


def mirror(database: Database, name: str, put: Callable[[str, str], None]) -> ParameterVersion:
    """Write the champion to its Variable until what was written is the champion still.

    Of several that write at once each looks again after its own write, so the last one leaves the newest version.
    """
    now = find_version(database, name)
    while True:
        put(mirror_key(name), mirror_text(now))
        written, now = now, find_version(database, name)
        if now.version == written.version:
            return now
