"""The script with which the compose file's PostgreSQL starts makes a place for studies and opens nothing else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from tests.postgres import administer, bundled_programs, postgres_server

SCRIPT = Path(__file__).parents[2] / "docker" / "postgres" / "studies.sh"
PASSWORD = 'it\'s; "quoted" $HOME'


@pytest.fixture(scope="module")
def studies() -> Iterator[URL]:
    """The role `hpo` of a server whose first start ran the script, as the image's entry point runs it."""
    with postgres_server() as found:
        url = make_url(found).set(drivername="postgresql+psycopg2")
        administer(url, "CREATE ROLE airflow LOGIN SUPERUSER", "CREATE DATABASE airflow OWNER airflow")
        meta = url.set(database="airflow", username="airflow")
        administer(meta, "ALTER ROLE hpo RENAME TO first", "CREATE TABLE public.dag_run (id int)")
        path = f"{bundled_programs()}:{os.environ['PATH']}"
        server = {"PGHOST": str(url.host), "PGPORT": str(url.port), "PATH": path}
        given = {"POSTGRES_USER": "airflow", "POSTGRES_DB": "airflow", "HPO_PASSWORD": PASSWORD}
        subprocess.run([SCRIPT], env={**os.environ, **server, **given}, check=True, capture_output=True)
        yield meta.set(username="hpo", password=PASSWORD)


def test_the_study_tables_are_made_in_a_schema_of_their_own(studies: URL) -> None:
    database = Database.of(studies, "hpo")
    migrate.upgrade(database)
    migrate.check(database)
    with create_engine(studies).connect() as connection:
        found = connection.execute(text("SELECT DISTINCT schemaname FROM pg_tables WHERE tableowner = 'hpo'"))
        assert found.scalars().all() == ["hpo"]


@pytest.mark.parametrize("statement", ["SELECT * FROM public.dag_run", "CREATE TABLE public.mine (id int)"])
def test_the_role_of_the_studies_cannot_touch_airflows_tables(studies: URL, statement: str) -> None:
    with create_engine(studies).connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement))


def test_a_password_with_quotes_is_taken_and_only_its_hash_is_kept(studies: URL) -> None:
    query = "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'hpo'"
    with create_engine(studies.set(username="airflow")).connect() as connection:
        assert connection.execute(text(query)).scalar_one()
