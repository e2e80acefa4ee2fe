"""The hook, from a connection to a study."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_hpo.exceptions import StoreNotMigratedError, StoreRefusedError, StoreUnavailableError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.storage.database import Database
from tests.integration.trial_tasks import Tuned, declared


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An AIRFLOW_HOME without any connection."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)
    return tmp_path


def connect(monkeypatch: pytest.MonkeyPatch, **fields: object) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", json.dumps(fields))


def test_naming_a_database_creates_nothing(home: Path) -> None:
    assert HpoHook().database.path == home / "hpo.db"
    assert list(home.glob("hpo*")) == []


def test_without_a_connection_the_default_file_is_ready_at_first_use(home: Path) -> None:
    tuned = Tuned(HpoHook().store, declared())
    tuned.complete(tuned.suggest()[0], value=0.5)
    assert (home / "hpo.db").is_file()
    assert HpoHook().load_study(tuned.name).best_value == 0.5
    assert HpoHook().trials(tuned.name).loc[0, "loss"] == 0.5


def test_an_sqlite_connection_moves_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, conn_type="sqlite", host=str(home / "elsewhere.db"))
    assert HpoHook().store.database.path == home / "elsewhere.db"


def test_an_unknown_connection_of_the_user_s_own_is_an_error(home: Path) -> None:
    with pytest.raises(AirflowNotFoundException, match="mine"):
        _ = HpoHook("mine").database


def test_the_connection_test_says_where_studies_are_kept(home: Path) -> None:
    assert HpoHook().test_connection() == (True, f"Studies are kept in {home / 'hpo.db'}.")


def test_the_engine_is_that_of_the_study_database(home: Path) -> None:
    assert HpoHook().get_conn().url.database == str(home / "hpo.db")


def postgres(monkeypatch: pytest.MonkeyPatch, database: Database, **extra: object) -> None:
    at = database.location
    fields = {"conn_type": "hpo", "host": at.host, "port": at.port, "login": at.username, "schema": at.database}
    connect(monkeypatch, password="s3cret", extra={"db_schema": database.schema, **extra}, **fields)


@pytest.mark.parametrize("empty_database", ["postgresql"], indirect=True)
def test_a_server_must_have_been_migrated(
    home: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Database
) -> None:
    postgres(monkeypatch, empty_database)
    with pytest.raises(StoreNotMigratedError, match="airflow hpo db migrate"):
        _ = HpoHook().store


@pytest.mark.parametrize("empty_database", ["postgresql"], indirect=True)
def test_a_failing_connection_test_is_told_not_raised(
    home: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Database
) -> None:
    postgres(monkeypatch, empty_database)
    answered, why = HpoHook().test_connection()
    assert not answered
    assert "airflow hpo db migrate" in why


def test_a_server_that_does_not_answer_is_named_without_its_password(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, conn_type="postgres", host="127.0.0.1", port=1, login="me", password="s3cret", schema="d")
    monkeypatch.setenv("AIRFLOW__HPO__DATABASE_PATIENCE", "0")
    with pytest.raises(StoreUnavailableError) as caught:
        _ = HpoHook().store
    assert "127.0.0.1" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_connection_without_a_usable_dialect_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, conn_type="hpo", extra={"dialect": "oracle"})
    with pytest.raises(StoreRefusedError, match="Correct its dialect"):
        _ = HpoHook().database


def test_where_the_fallback_is_off_a_missing_connection_is_an_error_that_is_retried(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__HPO__SQLITE_FALLBACK", "False")
    with pytest.raises(StoreUnavailableError, match="'hpo_default', which cannot be found"):
        _ = HpoHook().database
