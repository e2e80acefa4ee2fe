"""Parameter sets: their versions, which of them is the champion, and how it came to that."""

import json
from collections.abc import Mapping

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from airflow_hpo.core.declared import nearest
from airflow_hpo.core.masking import masked_data
from airflow_hpo.core.parameter_set import Action, ParameterVersion, Promotion, Provenance
from airflow_hpo.core.space.parameter import Choice
from airflow_hpo.exceptions import ParameterSetNotFoundError
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.from_row import from_row
from airflow_hpo.storage.insert_absent import insert_absent
from airflow_hpo.storage.tables import ChampionRow, ParameterVersionRow, PromotionRow

NONE_YET = 0
"""The champion's version while a set has none; never seen outside the unit of work that writes the first one."""


def version_in_use(session: Session, name: str) -> ParameterVersion:
    """Return the version that production uses."""
    row = session.scalars(_in_use().where(ChampionRow.name == name)).one_or_none()
    if row is None:
        others = select(ChampionRow.name).where(ChampionRow.name != name)
        known = list(session.scalars(others.order_by(ChampionRow.moved_at.desc()).limit(200)))
        raise ParameterSetNotFoundError(
            f"A parameter set must have a version in use, but {name!r} has none. Promote one, or write the first by "
            f"`airflow hpo champion set`.{nearest(name, known)}"
        )
    return _version(row)


def number_in_use(session: Session, name: str) -> int:
    """Return the number of the version that production uses; 0 while there is none."""
    return session.scalars(select(ChampionRow.version).where(ChampionRow.name == name)).one_or_none() or 0


def versions_in_use(session: Session) -> list[ParameterVersion]:
    """Return the version of every set that production uses, by name."""
    return [_version(row) for row in session.scalars(_in_use().order_by(ParameterVersionRow.name))]


def version(session: Session, name: str, number: int) -> ParameterVersion:
    """Return one version."""
    wanted = select(ParameterVersionRow).where(ParameterVersionRow.name == name, ParameterVersionRow.version == number)
    row = session.scalars(wanted).one_or_none()
    if row is None:
        newest = version_in_use(session, name)
        raise ParameterSetNotFoundError(
            f"A version of {name!r} must be one that was written, but {number} was not. Its champion is "
            f"{newest.version}; see `airflow hpo champion history {name}`."
        )
    return _version(row)


def versions(session: Session, name: str, limit: int = 100) -> list[ParameterVersion]:
    """Return the versions of a set, the newest first."""
    wanted = select(ParameterVersionRow).where(ParameterVersionRow.name == name)
    return [_version(row) for row in session.scalars(wanted.order_by(ParameterVersionRow.version.desc()).limit(limit))]


def promotions(session: Session, name: str | None = None, limit: int = 1000) -> list[Promotion]:
    """Return how champions moved, the newest move first."""
    wanted = select(PromotionRow).order_by(PromotionRow.id.desc()).limit(limit)
    found = session.scalars(wanted if name is None else wanted.where(PromotionRow.name == name))
    return [_promotion(row) for row in found]


def promoted(session: Session, name: str, key: str) -> Promotion | None:
    """Return the move that was made under a key; None when there was none."""
    wanted = select(PromotionRow).where(PromotionRow.name == name, PromotionRow.key == key)
    row = session.scalars(wanted).one_or_none()
    return None if row is None else _promotion(row)


def made_champion(session: Session, name: str, number: int) -> Promotion | None:
    """Return the move that made a version the champion; None when that version does not exist."""
    wanted = select(PromotionRow).where(PromotionRow.name == name, PromotionRow.to_version == number)
    row = session.scalars(wanted).one_or_none()
    return None if row is None else _promotion(row)


def lock(session: Session, name: str) -> int:
    """Keep others from moving the champion until this unit of work ends; return its version, 0 while there is none.

    A set without a champion gets a row to hold on to, so the unit of work must write a version or be rolled back.
    """
    insert_absent(session, ChampionRow, [{"name": name, "version": NONE_YET, "moved_at": utc_now()}])
    return session.scalars(select(ChampionRow.version).where(ChampionRow.name == name).with_for_update()).one()


def write(
    session: Session,
    name: str,
    params: Mapping[str, Choice],
    provenance: Provenance,
    *,
    action: Action,
    key: str | None = None,
    restores: int | None = None,
) -> ParameterVersion:
    """Write the next version and make it the champion; call :func:`lock` before."""
    row = session.get_one(ChampionRow, name)
    before, now = row.version, utc_now()
    newest = select(func.max(ParameterVersionRow.version)).where(ParameterVersionRow.name == name)
    number = (session.scalar(newest) or 0) + 1
    made = ParameterVersionRow(
        name=name,
        version=number,
        params=json.dumps(dict(params)),
        provenance=json.dumps(masked_data(provenance.to_dict())),
        restores=restores,
        created_at=now,
    )
    move = {"name": name, "from_version": before or None, "to_version": number, "action": action.value, "at": now}
    session.add(made)
    session.add(PromotionRow(**move, key=key, by=provenance.approved_by, reason=provenance.reason))
    row.version, row.moved_at = number, now
    session.flush()
    return _version(made)


def _in_use() -> Select[ParameterVersionRow]:
    return select(ParameterVersionRow).join(
        ChampionRow,
        (ChampionRow.name == ParameterVersionRow.name) & (ChampionRow.version == ParameterVersionRow.version),
    )


def _version(row: ParameterVersionRow) -> ParameterVersion:
    provenance = Provenance.from_dict(json.loads(row.provenance))
    return from_row(ParameterVersion, row, params=json.loads(row.params), provenance=provenance, created=row.created_at)


def _promotion(row: PromotionRow) -> Promotion:
    return from_row(Promotion, row, action=Action(row.action))
