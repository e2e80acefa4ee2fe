"""Asset events that tasks of ours have emitted, so that each is emitted once."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Self

from sqlalchemy import ColumnElement, and_, select, update
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


@dataclass(frozen=True, slots=True)
class Begun:
    """What a task finds that adds an event."""

    state: EventState
    """How far the event is; ``BEGUN`` also when it is new."""
    repeated: bool
    """Whether a task had added this event before."""
    emitting: bool
    """Whether another task may be emitting this event, or the asset's first, at this moment."""


def begin(session: Session, key: EventKey) -> Begun:
    """Note that a task adds an event; to be called under the asset's lock, so that of two tasks one is the first."""
    repeated = session.get(AssetEventRow, (key.kind, key.subject, key.number)) is not None
    emitting = is_emitting(session, key, repeated=repeated)
    row = {"kind": key.kind, "subject": key.subject, "number": key.number, "name": key.name}
    insert_absent(session, AssetEventRow, [{**row, "state": EventState.BEGUN.value}])
    return Begun(state_of(session, key), repeated, emitting)


def is_emitting(session: Session, key: EventKey, *, repeated: bool) -> bool:
    """Say whether another task may be emitting an event that was added before, or else the asset's first."""
    if repeated:
        return state_of(session, key) is EventState.BEGUN
    ours = (AssetEventRow.kind == key.kind, AssetEventRow.name == key.name)
    others = session.scalars(select(AssetEventRow.state).where(*ours, ~and_(*_same(key)))).all()
    return bool(others) and all(state == EventState.BEGUN.value for state in others)


def state_of(session: Session, key: EventKey) -> EventState:
    """Return how far an event is that was added."""
    return EventState(session.scalars(select(AssetEventRow.state).where(*_same(key))).one())


def sent(session: Session, key: EventKey) -> None:
    """Note that Airflow has emitted an event."""
    session.execute(update(AssetEventRow).where(*_same(key)).values(state=EventState.SENT.value))


def _same(key: EventKey) -> Iterator[ColumnElement[bool]]:
    for name in ("kind", "subject", "number"):
        yield getattr(AssetEventRow, name) == getattr(key, name)
