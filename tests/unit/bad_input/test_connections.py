"""Any connection is a database, or refused without a word of its password."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import Connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_hpo.exceptions import StoreRefusedError
from airflow_hpo.hooks.connection import from_connection
from airflow_hpo.storage.database import Database
from tests.unit.bad_input.anything import anything, texts

SECRET = "s3cr3t-Pa55"

fields = (
    st.none()
    | texts
    | st.sampled_from(["localhost", "/var/run/postgresql", "::1", "a b", "studies", "/tmp/x.db", "{x}"])
)
extras = (
    st.none()
    | texts
    | st.dictionaries(
        st.sampled_from(["dialect", "db_schema", "sslmode", "connect_timeout", "other"]),
        anything | st.sampled_from(["postgresql", "mysql", "sqlite", "hpo", "public; drop"]),
    ).map(json.dumps)
    | anything.map(json.dumps)
)


@given(
    st.sampled_from(["hpo", "postgres", "mysql", "sqlite", "http", "", "generic"]),
    fields,
    fields,
    fields,
    st.none() | st.integers(-1, 70_000),
    extras,
)
@example("hpo", "localhost", "studies", "me", 5432, "[1]")
@example("hpo", "localhost", "studies", "me", 5432, '"text"')
@example("hpo", "localhost", "studies", "me", 5432, "no json")
@example("hpo", "localhost", "studies", "me", 5432, '{"dialect": ["postgresql"]}')
@example("hpo", "localhost", "studies", "me", 5432, '{"db_schema": 3}')
@example("sqlite", None, "\0", None, None, None)
@example("hpo", None, None, "\ud800", None, None)
@settings(max_examples=200)
def test_any_connection_is_a_database_or_refused(
    kind: str, host: str | None, schema: str | None, login: str | None, port: int | None, extra: Any
) -> None:
    connection = Connection(
        conn_id="c", conn_type=kind, host=host, schema=schema, login=login, password=SECRET, port=port, extra=extra
    )
    try:
        database = from_connection(connection)
    except StoreRefusedError as err:
        said = str(err)
    else:
        assert database.dialect in ("sqlite", "postgresql", "mysql")
        said = f"{database!r} {database.name}"
        assert Database.of(database.url, database.schema).name == database.name
    assert SECRET not in said


@given(
    texts | st.sampled_from(["sqlite://", "postgresql://u:s3cr3t-Pa55@h:x/d", "://", "mysql+x://", "sqlite:////a\0b"])
)
def test_any_url_is_a_database_or_refused(url: str) -> None:
    try:
        said = repr(Database.of(url))
    except StoreRefusedError as err:
        said = str(err)
    assert SECRET not in said
