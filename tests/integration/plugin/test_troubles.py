"""Databases that are away, not there, older or newer: each is answered by a sentence, and nothing is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from airflow_hpo.storage.database import Database
from tests.integration.plugin.people import Person


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that puts another database behind the connection."""
    return lambda database: monkeypatch.setattr("airflow_hpo.hooks.hpo.from_connection", lambda _: database)


def told(person: Person) -> tuple[str, str]:
    """Return the state that /me tells, after all other routes have answered the same sentence."""
    look = person.get("/me").json()["database"]
    answer = person.get("/studies")
    assert answer.status_code == 503
    assert answer.json() == {"detail": look["message"]}
    return look["state"], look["message"]


def test_a_file_that_is_not_there_is_absent_and_is_not_made(viewer: Person, at: Any, tmp_path: Path) -> None:
    at(Database.sqlite(tmp_path / "hpo.db"))
    state, message = told(viewer)
    assert (state, "does not exist" in message) == ("absent", True)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_tables_is_not_migrated_and_stays_so(
    viewer: Person, at: Any, empty_database: Database
) -> None:
    if empty_database.path:
        empty_database.path.touch()
    at(empty_database)
    state, message = told(viewer)
    assert (state, "airflow hpo db migrate" in message) == ("not_migrated", True)
    if empty_database.path:
        assert empty_database.path.read_bytes() == b""


@pytest.mark.parametrize(("revision", "state"), [("9999", "newer"), ("0005", "not_migrated")])
def test_tables_of_another_version_are_told(
    revision: str, state: str, viewer: Person, ready_database: Database
) -> None:
    change = text("UPDATE alembic_version_hpo SET version_num = :revision")
    with ready_database.transaction() as connection:
        known = connection.scalar(text("SELECT version_num FROM alembic_version_hpo"))
        connection.execute(change, {"revision": revision})
    assert told(viewer)[0] == state
    with ready_database.transaction() as connection:
        connection.execute(change, {"revision": known})
    assert viewer.get("/studies").status_code == 200, "an error is not kept"


def test_a_server_that_does_not_answer_is_away(viewer: Person, at: Any) -> None:
    at(Database.of("postgresql://ann:secret@127.0.0.1:1/hpo"))
    state, message = told(viewer)
    assert state == "away"
    assert "secret" not in message


def test_a_look_up_that_fails_takes_no_default_file(viewer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.secrets.metastore import MetastoreBackend

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("the metadata database is away"))

    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT")
    monkeypatch.setattr(MetastoreBackend, "get_connection", fail)
    state, message = told(viewer)
    assert (state, "could not be" in message or "look-up failed" in message) == ("away", True)


def test_without_a_connection_the_default_file_is_read_where_it_exists(
    viewer: Person, monkeypatch: pytest.MonkeyPatch, default_database: Database
) -> None:
    assert viewer.get("/studies").json() == {"studies": [], "next": None, "total": 0}


def test_an_error_that_is_not_known_is_a_sentence(viewer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("airflow_hpo.plugin.routes.studies.list_studies", break_down)
    answer = viewer.get("/studies")
    assert (answer.status_code, "log of Airflow's API server" in answer.json()["detail"]) == (500, True)
