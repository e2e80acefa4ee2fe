"""A login that a server refuses is a permanent error, told at once; every driver of PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text

from airflow_hpo.exceptions import StoreRefusedError, StoreUnavailableError
from airflow_hpo.storage import retry
from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from airflow_hpo.studies.store import Store, open_store
from tests.integration.trial_tasks import Tuned, declared

DRIVERS = ["psycopg2", "psycopg"]
ROLES = ("with_password", "without_password", "may_not_log_in")


@pytest.fixture(scope="module")
def locked(postgres_url: str) -> Iterator[URL]:
    """A PostgreSQL server that asks these roles for a password."""
    admin = Database.of(postgres_url).engine.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE ROLE with_password LOGIN PASSWORD 'right'"))
        connection.execute(text("CREATE ROLE without_password LOGIN"))
        connection.execute(text("CREATE ROLE may_not_log_in PASSWORD 'right'"))
        connection.execute(text("CREATE DATABASE not_theirs"))
        connection.execute(text("REVOKE CONNECT ON DATABASE not_theirs FROM PUBLIC"))
        rules = Path(str(connection.scalar(text("SHOW hba_file"))))
        before = rules.read_text()
        asked = f"host all {','.join(ROLES)} 127.0.0.1/32 scram-sha-256\nhost all excluded 127.0.0.1/32 reject\n"
        rules.write_text(asked + before)
        connection.execute(text("SELECT pg_reload_conf()"))
    yield make_url(postgres_url)
    rules.write_text(before)
    with admin.connect() as connection:
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("DROP DATABASE not_theirs"))
        for role in ROLES:
            connection.execute(text(f"DROP ROLE {role}"))


REFUSED = {
    "a wrong password": ({"username": "with_password", "password": "wr0ng"}, "password authentication failed"),
    "no password": ({"username": "with_password"}, "no password supplied"),
    "a role without one": ({"username": "without_password", "password": "wr0ng"}, "password authentication failed"),
    "an unknown role": ({"username": "stranger"}, "does not exist"),
    "a role without the right to log in": ({"username": "may_not_log_in", "password": "right"}, "not permitted"),
    "a role that no rule names": ({"username": "excluded"}, "pg_hba.conf"),
    "a missing database": ({"database": "missing"}, 'database "missing" does not exist'),
    "a database of others": (
        {"username": "with_password", "password": "right", "database": "not_theirs"},
        "permission",
    ),
}


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry would be seen: there is none."""

    def pause(seconds: float) -> None:
        raise AssertionError("It was tried again.")

    monkeypatch.setattr(time, "sleep", pause)
    monkeypatch.setattr(retry, "LONGEST_PAUSE", 0.0)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_login_is_told_at_once_and_for_good(locked: URL, no_pause: None, case: str, driver: str) -> None:
    parts, said = REFUSED[case]
    url = locked.set(drivername=f"postgresql+{driver}").set(**parts)
    with pytest.raises(StoreRefusedError, match=r"let this user in.*Correct login, password and database") as caught:
        open_store(Database.of(url, "hpo"), lock_timeout=1, patience=600)
    assert said in str(caught.value)
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_server_that_is_away_stays_a_transient_error(driver: str) -> None:
    with pytest.raises(StoreUnavailableError, match="must answer"):
        Database.of(f"postgresql+{driver}://me@127.0.0.1:1/d").connect()


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_study_runs_on_every_driver_of_postgresql(postgres_template: str, postgres_schema: str, driver: str) -> None:
    database = Database.of(make_url(postgres_template).set(drivername=f"postgresql+{driver}"), postgres_schema)
    migrate.upgrade(database)
    tuned = Tuned(Store(database), declared())
    claimed, attempt = tuned.started(tuned.suggest()[0])
    tuned.report(attempt, {1: 3.0, 2: 2.0})
    tuned.conclude(claimed, attempt, 2.0)
    assert tuned.store.optuna.load(tuned.name).best_value == 2.0
