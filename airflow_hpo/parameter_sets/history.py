"""Reads of parameter sets: the champion, its history, and the differences between versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow_hpo.core.parameter_set import ParameterVersion, difference
from airflow_hpo.exceptions import ParameterSetNotFoundError
from airflow_hpo.storage import approvals, parameter_sets

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    from sqlalchemy.orm import Session

    from airflow_hpo.storage.database import Database
    from airflow_hpo.studies.store import Store


def find_version(database: Database, name: str, version: int | None = None) -> ParameterVersion:
    """Return one version of a set; None for the one that production uses."""
    with database.session(read_only=True) as session:
        if version is not None:
            return parameter_sets.version(session, name, version)
        return parameter_sets.version_in_use(session, name)


def before(session: Session, name: str) -> ParameterVersion:
    """Return the version to which a rollback leads: the one in use before the champion's parameters first were."""
    version = parameter_sets.version_in_use(session, name)
    while version.restores is not None:
        version = parameter_sets.version(session, name, version.restores)
    move = parameter_sets.made_champion(session, name, version.version)
    if move is None or move.from_version is None:
        raise ParameterSetNotFoundError(
            f"A rollback needs a version before the champion, but nothing of {name!r} was in use before version "
            f"{version.version}. Name the version to bring back."
        )
    return parameter_sets.version(session, name, move.from_version)


def champion_until(store: Store, champion: ParameterVersion, moment: datetime) -> ParameterVersion | None:
    """Return the champion, or where it was found on data that end after a moment, the newest version that was not."""
    if not _looks_ahead(champion, moment):
        return champion
    earlier = store.read(parameter_sets.versions, champion.name, limit=champion.version)
    return next((each for each in earlier if not _looks_ahead(each, moment)), None)


def _looks_ahead(version: ParameterVersion, moment: datetime) -> bool:
    until = version.provenance.data_until
    return until is not None and until > moment


def history(store: Store, name: str, limit: int = 100) -> list[dict[str, Any]]:
    """Return the versions of a set as rows, the newest first."""
    with store.session(read_only=True) as session:
        current = parameter_sets.version_in_use(session, name).version
        found = parameter_sets.versions(session, name, limit)
        moves = {move.to_version: move for move in parameter_sets.promotions(session, name, limit)}
        approved = {version.version: approval_of(session, version) for version in found}
    return [_row(version, moves[version.version].action.value, current, approved[version.version]) for version in found]


def approval_of(session: Session, version: ParameterVersion) -> str | None:
    """Return who approved what made a version, and when; None where no approval task asked."""
    origin = version.provenance
    if origin.comparison is None or origin.run_id is None:
        return None
    asked = approvals.newest(session, comparison=origin.comparison)
    own = [each for each in asked if (each.task.dag_id, each.task.run_id) == (origin.dag_id, origin.run_id)]
    return " ".join(str(each) for each in own or asked) or None


def difference_rows(store: Store, name: str, old: int | None = None, new: int | None = None) -> list[dict[str, Any]]:
    """Return what differs between two versions, one row for each parameter that does."""
    with store.session(read_only=True) as session:
        later = (
            parameter_sets.version_in_use(session, name) if new is None else parameter_sets.version(session, name, new)
        )
        earlier = before(session, name) if old is None else parameter_sets.version(session, name, old)
    return difference(earlier.params, later.params)


PROMOTION_COLUMNS = ["name", "from_version", "to_version", "action", "by", "reason", "key", "at"]


def promotion_rows(store: Store, name: str | None = None) -> list[dict[str, Any]]:
    """Return how champions moved, the newest move first."""
    moves = [{**asdict(move), "action": move.action.value} for move in store.read(parameter_sets.promotions, name)]
    return [{column: move[column] for column in PROMOTION_COLUMNS} for move in moves]


def _row(version: ParameterVersion, action: str, current: int, approval: str | None) -> dict[str, Any]:
    origin = version.provenance
    return {
        "version": version.version,
        "in use": "yes" if version.version == current else None,
        "action": action,
        "restores": version.restores,
        "study": origin.study,
        "trial": origin.number,
        "comparison": origin.comparison,
        "by": origin.approved_by,
        "approval": approval,
        "acted by": origin.acted_by,
        "triggered by": origin.triggered_by,
        "reason": origin.reason,
        "source": origin.source,
        "run": f"{origin.dag_id}/{origin.run_id}" if origin.run_id else None,
        "created": version.created.isoformat(timespec="seconds"),
    }


def promotions_frame(store: Store, name: str | None = None) -> pd.DataFrame:
    """Return how champions moved, one move a row, the newest first."""
    import pandas as pd

    frame = pd.DataFrame(promotion_rows(store, name), columns=PROMOTION_COLUMNS)
    # The first version follows none: whole numbers that may be missing.
    return frame.astype({"from_version": "Int64"})
