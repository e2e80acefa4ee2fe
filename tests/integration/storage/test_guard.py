from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from airflow_hpo.exceptions import StoreRefusedError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.guard import refuse_foreign
from airflow_hpo.storage.migrate import upgrade


@pytest.fixture
def foreign(empty_database: Database) -> Database:
    """A database that holds something, but nothing of ours."""
    if empty_database.schema:
        with empty_database.session() as session:
            session.execute(text(f"CREATE SCHEMA {empty_database.schema}"))
    run(empty_database, "CREATE TABLE customers (id INTEGER)")
    return empty_database


def run(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement))


def tables(database: Database) -> set[str]:
    with database.connect(read_only=True) as connection:
        return set(inspect(connection).get_table_names())


def with_revision(database: Database, revision: str) -> None:
    run(
        database,
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        f"INSERT INTO alembic_version VALUES ('{revision}')",
    )


def test_airflows_own_database_is_refused_and_left_as_it_was(foreign: Database):
    run(foreign, "CREATE TABLE dag (id INTEGER)", "CREATE TABLE task_instance (id INTEGER)")
    with pytest.raises(StoreRefusedError, match="dag, task_instance"):
        upgrade(foreign)
    assert tables(foreign) == {"customers", "dag", "task_instance"}


@pytest.mark.parametrize("revision", ["d2f4e1b3c5a7", "v3.2.0", "av3.2.0.a"])
def test_a_database_with_anothers_history_is_refused(foreign: Database, revision: str):
    with_revision(foreign, revision)
    with pytest.raises(StoreRefusedError, match=revision):
        upgrade(foreign)
    assert tables(foreign) == {"customers", "alembic_version"}


def test_optunas_history_is_welcome(foreign: Database):
    with_revision(foreign, "v3.2.0.a")
    refuse_foreign(foreign)


def test_a_table_called_dag_is_not_airflow(foreign: Database):
    run(foreign, "CREATE TABLE dag (id INTEGER)")
    refuse_foreign(foreign)


def test_a_schema_beside_airflows_is_welcome(foreign: Database, postgres_url: str):
    run(foreign, "CREATE TABLE dag (id INTEGER)", "CREATE TABLE task_instance (id INTEGER)")
    if not foreign.schema:
        return
    refuse_foreign(Database.of(postgres_url, f"{foreign.schema}_beside"))


def test_a_search_path_that_falls_back_to_airflows_schema_is_refused(postgres_url: str, postgres_schema: str):
    airflow = Database.of(postgres_url, postgres_schema)
    run(
        airflow,
        f"CREATE SCHEMA {postgres_schema}",
        "CREATE TABLE dag (id INTEGER)",
        "CREATE TABLE dag_run (id INTEGER)",
    )
    fallback = f"{postgres_url}?options=-csearch_path%3Dmissing,{postgres_schema}"
    with pytest.raises(StoreRefusedError):
        refuse_foreign(Database.of(fallback))


def test_asking_does_not_create_a_file(tmp_path: Path):
    refuse_foreign(Database.sqlite(tmp_path / "hpo.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_airflow_itself_migrated_is_refused_and_not_a_byte_of_it_changes(tmp_path: Path):
    path = tmp_path / "airflow.db"
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{path}"
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, env=environment, check=True, capture_output=True, cwd=tmp_path)
    before = hashlib.sha256(path.read_bytes()).digest()
    with pytest.raises(StoreRefusedError, match="Airflow's own"):
        upgrade(Database.sqlite(path))
    assert hashlib.sha256(path.read_bytes()).digest() == before
    assert not list(tmp_path.glob("airflow.db?*"))


def test_a_schema_called_like_the_role_that_owns_airflows_tables_is_refused(postgres_url: str, postgres_schema: str):
    server = Database.of(postgres_url)
    name = f"meta_{postgres_schema}"
    run(
        server,
        f"CREATE ROLE {postgres_schema}",
        f"CREATE SCHEMA {name}",
        f"CREATE TABLE {name}.dag_run (id INTEGER)",
        f"ALTER TABLE {name}.dag_run OWNER TO {postgres_schema}",
    )
    try:
        with pytest.raises(StoreRefusedError, match="Name the schema otherwise"):
            upgrade(Database.of(postgres_url, postgres_schema))
    finally:
        run(server, f"DROP SCHEMA {name} CASCADE", f"DROP ROLE {postgres_schema}")
