"""Inserts that leave existing rows alone, in each database's own SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session

from airflow_hpo.storage.tables import Row


def insert_absent(session: Session, table: type[Row], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows with unique values that are not taken; of several writers the first wins."""
    if rows:
        session.execute(_statement(session.get_bind().dialect.name, table), [dict(row) for row in rows])


def _statement(dialect: str, table: type[Row]) -> Any:
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    # Not INSERT IGNORE, which would also swallow broken references and cut long values.
    key = inspect(table).primary_key[0]
    return mysql.insert(table).on_duplicate_key_update({key.name: key})
