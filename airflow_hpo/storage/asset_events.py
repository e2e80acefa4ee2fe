"""Asset events that tasks of ours have emitted, so that each is emitted once."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Self

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from airflow_hpo.core.trial_key import family_of
from airflow_hpo.storage.insert_absent import insert_absent
from airflow_hpo.storage.tables import AssetEventRow


class EventState(Enum):
    """How far an event has come."""

    BEGUN = "begun"
    """A task has added it; Airflow emits it when that task succeeds."""
    SENT = "sent"
    """Its task has succeeded."""
    BEFORE = "before"
    """What it tells is older than this table, so its task may have succeeded or not."""


@dataclass(frozen=True, slots=True)
class EventKey:
    """What an event tells: the best trial of an edition, or a version of a parameter set."""

    kind: str
    name: str
    """The study or parameter set to which the asset belongs."""
    subject: str
    """The edition or parameter set."""
    number: int

    @classmethod
    def of_best(cls, edition: str, number: int) -> Self:
        """Return what stands for the best trial of an edition."""
        return cls("study", family_of(edition), edition, number)

    @classmethod
    def of_champion(cls, name: str, version: int) -> Self:
        """Return what stands for a version that became the champion."""
        return cls("champion", name, name, version)


def begin(session: Session, key: EventKey) -> EventState:
    """Note that a task adds an event, and return how far it is; ``BEGUN`` also when it is new."""
    row = {"kind": key.kind, "subject": key.subject, "number": key.number, "name": key.name}
    insert_absent(session, AssetEventRow, [{**row, "state": EventState.BEGUN.value}])
    return EventState(session.scalars(select(AssetEventRow.state).where(*_same(key))).one())


def sent(session: Session, key: EventKey) -> None:
    """Note that Airflow has emitted an event."""
    session.execute(update(AssetEventRow).where(*_same(key)).values(state=EventState.SENT.value))


def any_sent(session: Session, kind: str, name: str) -> bool:
    """Say whether an asset has had an event."""
    ours = (AssetEventRow.kind == kind, AssetEventRow.name == name, AssetEventRow.state != EventState.BEGUN.value)
    return session.scalars(select(AssetEventRow.number).where(*ours).limit(1)).first() is not None


def _same(key: EventKey) -> Iterator[ColumnElement[bool]]:
    for name in ("kind", "subject", "number"):
        yield getattr(AssetEventRow, name) == getattr(key, name)
