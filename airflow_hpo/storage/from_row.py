"""Dataclasses that are built from rows."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_hpo.storage.tables import Row

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def from_row(kind: type[T], row: Row, **others: Any) -> T:
    """Build a dataclass from the columns that its fields are named after, and from values for its other fields."""
    same = {field.name: getattr(row, field.name) for field in fields(kind) if field.name not in others}
    return kind(**same, **others)
