"""Parameter sets with their versions and moves, read flat."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from airflow_hpo.core.parameter_set import ParameterVersion
from airflow_hpo.exceptions import ParameterSetNotFoundError
from airflow_hpo.pages.models.parameter_sets import (
    MoveShown,
    ParameterSetDetail,
    ParameterSetLine,
    VersionShown,
)
from airflow_hpo.parameter_sets.history import approval_of
from airflow_hpo.storage import parameter_sets
from airflow_hpo.storage.owners import Kind
from airflow_hpo.storage.tables import ChampionRow, EditionRow, OwnerRow, ParameterVersionRow

_MOST = 200
"""Versions and moves of one set that are shown, the newest."""


def parameter_set_lines(session: Session) -> list[ParameterSetLine]:
    """Return every parameter set with the version that production uses, by name."""
    counts = {row.name: row.versions for row in session.execute(_counts())}
    return [
        ParameterSetLine(
            name=version.name,
            version=version.version,
            params=json.loads(version.params),
            moved_at=moved_at,
            source=source_of(json.loads(version.provenance), version.restores),
            versions=counts[version.name],
            dag_id=dag_id,
        )
        for version, moved_at, dag_id in session.execute(_in_use())
    ]


def parameter_set_detail(session: Session, name: str) -> ParameterSetDetail:
    """Return one parameter set with its versions, their origins, and how its champion moved."""
    dag_id, versions = owner_dag(session, name), parameter_sets.versions(session, name, _MOST)
    if not versions:
        raise no_such_set(name)
    comparisons = {version.version: version.provenance.comparison for version in versions}
    studies = _editions(session, versions)
    return ParameterSetDetail(
        name=name,
        dag_id=dag_id,
        version=parameter_sets.number_in_use(session, name) or None,
        versions=[_version(session, version, studies) for version in versions],
        moves=[
            MoveShown(
                from_version=move.from_version,
                to_version=move.to_version,
                action=move.action.value,
                by=move.by,
                reason=move.reason,
                at=move.at,
                comparison=comparisons.get(move.to_version),
            )
            for move in parameter_sets.promotions(session, name, _MOST)
        ],
    )


def no_such_set(name: str) -> ParameterSetNotFoundError:
    """Return the error for a parameter set that is not there, which is also that for one that may not be read."""
    return ParameterSetNotFoundError(
        f"A page needs a parameter set that you may read, but got {name!r}. Open the list of parameter sets."
    )


def owner_dag(session: Session, name: str) -> str | None:
    """Return the DAG that a parameter set belongs to; None where only people have moved it."""
    return session.scalar(
        select(OwnerRow.dag_id).where(OwnerRow.kind == Kind.PARAMETER_SET.value, OwnerRow.name == name)
    )


def source_of(provenance: dict[str, Any], restores: int | None) -> str | None:
    """Say where a version's parameters came from, in a few words; None where that is not known."""
    if restores is not None:
        return f"version {restores}"
    study, number = provenance.get("study"), provenance.get("number")
    if study is not None:
        return f"trial {number} of {study}" if number is not None else str(study)
    source: str | None = provenance.get("source")
    return source


def _version(session: Session, version: ParameterVersion, studies: dict[str, int]) -> VersionShown:
    origin = version.provenance
    return VersionShown(
        version=version.version,
        created_at=version.created,
        params=dict(version.params),
        provenance=origin.to_dict(),
        restores=version.restores,
        study=studies.get(origin.study) if origin.study else None,
        approval=approval_of(session, version),
    )


def _editions(session: Session, versions: Iterable[ParameterVersion]) -> dict[str, int]:
    names: Collection[str] = {each.provenance.study for each in versions if each.provenance.study}
    rows = session.execute(select(EditionRow.name, EditionRow.id).where(EditionRow.name.in_(names)))
    return {row.name: row.id for row in rows}


def _counts() -> Select[str, int]:
    return select(ParameterVersionRow.name, func.count().label("versions")).group_by(ParameterVersionRow.name)


def _in_use() -> Select[ParameterVersionRow, datetime, str]:
    """Return the query for the version in use of every set, when it became that, and the DAG that owns it."""
    same = (ChampionRow.name == ParameterVersionRow.name) & (ChampionRow.version == ParameterVersionRow.version)
    owned = (OwnerRow.kind == Kind.PARAMETER_SET.value) & (OwnerRow.name == ParameterVersionRow.name)
    return (
        select(ParameterVersionRow, ChampionRow.moved_at, OwnerRow.dag_id)
        .join(ChampionRow, same)
        .outerjoin(OwnerRow, owned)
        .order_by(ParameterVersionRow.name)
    )
