"""Every form in which a connection can name a study database."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from airflow.sdk import Connection
from sqlalchemy import make_url

from airflow_hpo.exceptions import StoreRefusedError
from airflow_hpo.hooks.connection import default_database, from_connection

SERVER = {"host": "db", "login": "me", "password": "s3cr{t}", "schema": "airflow"}


def connection(conn_type: str, extra: dict | None = None, **fields: object) -> Connection:
    return Connection(
        conn_id="c", conn_type=conn_type, extra=json.dumps(extra) if extra is not None else None, **fields
    )


@pytest.mark.parametrize(
    ("given", "dialect", "schema", "name"),
    [
        (connection("hpo", **SERVER), "postgresql", "hpo", "postgresql://db/airflow (schema hpo)"),
        (connection("hpo", {}, port=6543, **SERVER), "postgresql", "hpo", "postgresql://db:6543/airflow (schema hpo)"),
        (connection("hpo", {"dialect": "postgresql", "db_schema": "mine"}, **SERVER), "postgresql", "mine", None),
        (connection("hpo", {"dialect": "postgres"}, **SERVER), "postgresql", "hpo", None),
        (connection("hpo", {"db_schema": ""}, **SERVER), "postgresql", None, "postgresql://db/airflow"),
        (connection("hpo", {"db_schema": None}, **SERVER), "postgresql", None, None),
        (connection("postgres", **SERVER), "postgresql", "hpo", None),
        (connection("postgres", {"db_schema": "mine", "sslmode": "require"}, **SERVER), "postgresql", "mine", None),
        (connection("postgresql", **SERVER), "postgresql", "hpo", None),
        (connection("hpo", {"dialect": "sqlite"}, schema="/data/hpo.db"), "sqlite", None, "/data/hpo.db"),
        (connection("sqlite", host="/data/hpo.db"), "sqlite", None, "/data/hpo.db"),
        (connection("sqlite", schema="/data/hpo.db"), "sqlite", None, "/data/hpo.db"),
        (Connection.from_uri("sqlite:////data/hpo.db", conn_id="c"), "sqlite", None, "/data/hpo.db"),
        (Connection.from_uri("hpo://me:pw@db/airflow?db_schema=mine", conn_id="c"), "postgresql", "mine", None),
        (Connection.from_uri("postgres://me:pw@db/airflow", conn_id="c"), "postgresql", "hpo", None),
    ],
    ids=[
        "hpo",
        "hpo with a port",
        "hpo with a schema",
        "hpo with an alias",
        "hpo without a schema",
        "hpo with a null schema",
        "postgres",
        "postgres with foreign extras",
        "postgresql",
        "hpo with sqlite",
        "sqlite by host",
        "sqlite by schema",
        "sqlite as a URI",
        "hpo as a URI",
        "postgres as a URI",
    ],
)
def test_a_connection_names_a_database(given: Connection, dialect: str, schema: str | None, name: str | None) -> None:
    database = from_connection(given)
    assert (database.dialect, database.schema) == (dialect, schema)
    assert name in (None, database.name)


@pytest.mark.parametrize(
    "given",
    [connection("mysql", **SERVER), connection("hpo", {"dialect": "mysql", "db_schema": "ignored"}, **SERVER)],
    ids=["mysql", "hpo with mysql"],
)
def test_a_mysql_connection_needs_its_driver_and_no_schema(given: Connection) -> None:
    if importlib.util.find_spec("MySQLdb") or importlib.util.find_spec("pymysql"):
        assert (from_connection(given).dialect, from_connection(given).schema) == ("mysql", None)
        return
    with pytest.raises(StoreRefusedError, match=r"airflow-provider-hpo\[mysql\]"):
        from_connection(given)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (connection("hpo", {"dialect": "oracle"}, **SERVER), "'oracle'"),
        (connection("hpo", {"dialect": None}, **SERVER), "None"),
        (connection("http", **SERVER), "'http'"),
        (connection("sqlite"), "'c'"),
        (connection("hpo", {"dialect": "sqlite"}), "'c'"),
        (connection("postgres", {"db_schema": "Not Allowed"}, **SERVER), "'Not Allowed'"),
    ],
    ids=["unknown dialect", "no dialect", "foreign type", "sqlite without a file", "hpo without a file", "bad schema"],
)
def test_a_wrong_connection_is_refused_with_its_fault_and_without_its_password(given: Connection, named: str) -> None:
    with pytest.raises(StoreRefusedError) as caught:
        from_connection(given)
    assert named in str(caught.value)
    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize("form", [str, repr])
def test_a_database_hides_the_password_of_its_connection(form: object) -> None:
    database = from_connection(connection("hpo", **SERVER))
    assert callable(form)
    assert "s3cr" not in form(database)
    assert database.location.password == "s3cr{t}"


def test_without_a_connection_studies_live_in_airflow_s_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    assert default_database().path == tmp_path / "hpo.db"


def test_how_to_reach_a_server_safely_is_handed_to_the_driver() -> None:
    given = connection("hpo", {"sslmode": "verify-full", "sslrootcert": "/ca.pem", "keepalives": "1"}, **SERVER)
    query = from_connection(given).location.query
    assert (query["sslmode"], query["sslrootcert"]) == ("verify-full", "/ca.pem")
    assert query["keepalives"] == "1"


def test_the_folder_of_a_socket_is_handed_on_whole() -> None:
    database = from_connection(connection("postgres", **{**SERVER, "host": "/var/run/postgresql"}))
    assert database.location.host is None
    assert database.location.query["host"] == "/var/run/postgresql"
    assert make_url(database.url).query["host"] == "/var/run/postgresql"


@pytest.mark.parametrize("host", ["a?b", "a/b"])
def test_a_host_that_would_mean_something_else_in_a_url_is_refused(host: str) -> None:
    with pytest.raises(StoreRefusedError, match="Rename"):
        from_connection(connection("postgres", **{**SERVER, "host": host}))


def test_an_extra_field_that_is_no_object_is_refused() -> None:
    with pytest.raises(StoreRefusedError, match="JSON object"):
        from_connection(connection("postgres", [1], **SERVER))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (connection("postgres", {"sslmod": "require"}, **SERVER), "sslmod"),
        (connection("hpo", {"iam": True, "ssl_mode": "REQUIRED"}, **SERVER), "iam, ssl_mode"),
        (connection("mysql", {"sslmode": "require"}, **SERVER), "sslmode"),
        (connection("mysql", {"ssl": {"root": "/ca.pem"}}, **SERVER), "ssl_root"),
        (connection("mysql", {"ssl": "/ca.pem"}, **SERVER), "object with ca, cert and key"),
        (connection("sqlite", {"timeout": 5}, schema="/data/hpo.db"), "timeout"),
    ],
)
def test_an_extra_field_that_is_not_understood_is_refused_by_name(given: Connection, named: str) -> None:
    with pytest.raises(StoreRefusedError, match=named) as caught:
        from_connection(given)
    assert "s3cr" not in str(caught.value)


def test_fields_that_are_empty_or_of_other_hooks_are_passed_over() -> None:
    extra = {"sslmode": "", "sslrootcert": None, "cursor": "dictcursor", "sslcert": "/c.pem"}
    assert "sslmode" not in from_connection(connection("postgres", extra, **SERVER)).location.query
    assert from_connection(connection("postgres", extra, **SERVER)).location.query["sslcert"] == "/c.pem"


@pytest.mark.parametrize("ssl", [{"ca": "/ca.pem", "key": "/k.pem"}, '{"ca": "/ca.pem", "key": "/k.pem"}'])
def test_mysql_s_encryption_is_asked_for_in_the_form_of_airflow_s_own_hook(
    monkeypatch: pytest.MonkeyPatch, ssl: object
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "MySQLdb" or None)
    query = from_connection(connection("mysql", {"ssl": ssl}, **SERVER)).location.query
    assert query == {"ssl_ca": "/ca.pem", "ssl_key": "/k.pem", "ssl_mode": "REQUIRED"}


def test_a_driver_that_cannot_require_encryption_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "pymysql" or None)
    with pytest.raises(StoreRefusedError, match="ssl_mode"):
        from_connection(connection("mysql", {"ssl_mode": "VERIFY_CA"}, **SERVER))
