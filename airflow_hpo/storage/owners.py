"""Owners of studies and parameter sets: the first DAG that opens or promotes one owns it until a person transfers it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from airflow_hpo.core.declared import nearest
from airflow_hpo.core.owner import Owner
from airflow_hpo.core.trial_key import without_window
from airflow_hpo.exceptions import OwnerNotFoundError
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.insert_absent import insert_absent
from airflow_hpo.storage.tables import OwnerRow


class Kind(StrEnum):
    """What has an owner."""

    STUDY = "study"
    PARAMETER_SET = "parameter_set"


@dataclass(frozen=True, slots=True)
class Owned:
    """A study or a parameter set with its owner."""

    kind: Kind
    name: str
    owner: Owner
    since: datetime
    shared: bool = False
    """Whether a study's owner lets other task groups run trials of it."""
    study: str | None = None
    """The study that an evaluation belongs to; None for everything else."""

    def __str__(self) -> str:
        what = f"Evaluation {self.name!r}" if self.study else f"{_NAMES[self.kind]} {self.name!r}"
        shares = ", which shares it," if self.shared else ""
        return f"{what} belongs to {self.owner}{shares} since {self.since.isoformat(timespec='seconds')}."


_NAMES = {Kind.STUDY: "Study", Kind.PARAMETER_SET: "Parameter set"}


def claim(
    session: Session, kind: Kind, name: str, asker: Owner, *, shared: bool = False, study: str | None = None
) -> Owned:
    """Make the asker the owner of what has none, and return who owns it.

    The owner itself may name its group later, and begin or stop to share.
    """
    fresh = {"kind": kind.value, "name": name, "study": study, "dag_id": asker.dag_id, "group_id": asker.group_id}
    insert_absent(session, OwnerRow, [{**fresh, "shared": shared, "since": utc_now()}])
    row = session.scalars(_of(kind, name).with_for_update()).one()
    if _owned(row).owner.includes(asker):
        row.group_id = asker.group_id if row.group_id is None else row.group_id
        row.shared = shared
        session.flush()
    return _owned(row)


def find(session: Session, kind: Kind, name: str) -> Owned | None:
    """Return the owner of a study or a parameter set; None while it has none."""
    row = session.scalars(_of(kind, name)).one_or_none()
    return None if row is None else _owned(row)


def transfer(session: Session, kind: Kind, name: str, dag_id: str, group_id: str | None = None) -> list[Owned]:
    """Give a study with its evaluations, or a parameter set, to another DAG; return what changed hands, as it is now.

    Where the study has one for each tuning window, these change hands too. Groups keep their names unless the study's own is given.
    """
    below = OwnerRow.name.startswith(f"{name}/", autoescape=True)
    everything = select(OwnerRow).where(
        OwnerRow.kind == kind.value, or_(OwnerRow.name == name, OwnerRow.study == name, below)
    )
    rows = list(session.scalars(everything.order_by(OwnerRow.name).with_for_update()))
    own = next((row for row in rows if row.name == name), None)
    rows = [row for row in rows if own and (row is own or row.study == name or _of_window(row, own))]
    if own is None:
        known = list(session.scalars(select(OwnerRow.name).where(OwnerRow.kind == kind.value).limit(200)))
        raise OwnerNotFoundError(
            f"Only what a DAG owns can be transferred, but {name!r} has no owner: the first DAG that uses it will own it."
            f"{nearest(name, known)}"
        )
    for row in rows:
        row.dag_id, row.since = dag_id, utc_now()
        if group_id is not None and row.name == name:
            row.group_id = group_id
    session.flush()
    return [_owned(row) for row in rows]


def _of_window(row: OwnerRow, own: OwnerRow) -> bool:
    """Say whether a row is of the study of one of several tuning windows of a study."""
    return row.dag_id == own.dag_id and row.study is None and without_window(row.name) == own.name


def _of(kind: Kind, name: str) -> Select[OwnerRow]:
    return select(OwnerRow).where(OwnerRow.kind == kind.value, OwnerRow.name == name)


def _owned(row: OwnerRow) -> Owned:
    return Owned(Kind(row.kind), row.name, Owner(row.dag_id, row.group_id), row.since, row.shared, row.study)
