"""Answers about parameter sets: what production uses, what it used before, and how it came to that."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints

from airflow_hpo.pages.models.answer import Answer, Asked
from airflow_hpo.pages.models.steering import Count, Typed


class ParameterSetLine(Answer):
    """One parameter set in a list, with the version that production uses."""

    name: str
    version: int | None
    params: dict[str, Any]
    moved_at: datetime
    source: str | None
    versions: int
    dag_id: str | None


class ParameterSets(Answer):
    """Every parameter set, by name."""

    parameter_sets: list[ParameterSetLine]


class VersionShown(Answer):
    """One version; it never changes."""

    version: int
    created_at: datetime
    params: dict[str, Any]
    provenance: dict[str, Any]
    restores: int | None
    study: int | None
    """Number of the edition that found it, for its address; null where no study did, or it is gone."""
    approval: str | None
    """Who approved it, and when; null where no task asked."""


class MoveShown(Answer):
    """One move of the champion."""

    from_version: int | None
    to_version: int
    action: str
    by: str | None
    reason: str | None
    at: datetime
    comparison: int | None


class MayRollBack(Answer):
    """What the person who looks may do."""

    rollback: bool = False


class ParameterSetDetail(Answer):
    """One parameter set with its history, the newest first."""

    name: str
    dag_id: str | None
    version: int | None
    versions: list[VersionShown]
    moves: list[MoveShown]
    may: MayRollBack = MayRollBack()


class RollbackAsked(Asked):
    """An earlier version that is to be the champion again."""

    expected: Count
    """The version that was the champion when the person looked."""
    to: Count | None = None
    """Null for the version that was in use before."""
    reason: Annotated[Typed, StringConstraints(min_length=1)]


class RolledBack(Answer):
    """The version that a rollback made."""

    version: int
    sentence: str
