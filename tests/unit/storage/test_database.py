from __future__ import annotations

import pickle
import traceback
from pathlib import Path

import pytest
from sqlalchemy import make_url

from airflow_hpo.exceptions import StoreRefusedError
from airflow_hpo.storage.database import Database

PASSWORD = "s3{cr}et@%"
URL = "postgresql://tuner:s3%7Bcr%7Det%40%25@db.example.com:5432/studies"


def test_an_sqlite_database_is_an_absolute_file_with_a_busy_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert Database.sqlite("hpo.db").url == f"sqlite:///{tmp_path}/hpo.db?timeout=60"


def test_one_file_written_differently_is_one_database(tmp_path: Path):
    (tmp_path / "link.db").symlink_to(tmp_path / "hpo.db")
    assert Database.of(f"sqlite:///{tmp_path}/x/../link.db") == Database.sqlite(tmp_path / "hpo.db")


def test_a_schema_travels_in_the_url():
    assert make_url(Database.of(URL, "hpo").url).query["options"] == "-csearch_path=hpo"


def test_a_schema_replaces_the_search_path_and_keeps_other_options():
    database = Database.of(f"{URL}?options=-cstatement_timeout%3D5s%20-csearch_path%3Dold", "hpo")
    # A pooler refuses options: nothing is asked for but what the connection says.
    assert database.location.query["options"] == "-cstatement_timeout=5s"
    assert make_url(database.url).query["options"] == "-cstatement_timeout=5s -csearch_path=hpo"


def test_a_search_path_in_the_url_is_the_schema():
    assert Database.of(f"{URL}?options=-csearch_path%3Dhpo") == Database.of(URL, "hpo")


def test_optuna_can_format_the_url():
    url = Database.of(URL, "hpo").url
    assert url.format(SCHEMA_VERSION="x") == url
    assert make_url(url).password == PASSWORD


@pytest.mark.parametrize(
    "text",
    [repr, str, lambda d: d.name, lambda d: repr([d.location]), lambda d: f"{d.engine}"],
    ids=["repr", "str", "name", "location", "engine"],
)
def test_no_text_form_shows_the_password(text):
    shown = text(Database.of(URL, "hpo"))
    assert "s3" not in shown


def test_a_name_says_where_and_leaves_out_user_and_options():
    assert Database.of(URL, "hpo").name == "postgresql://db.example.com:5432/studies (schema hpo)"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("s3cret", id="no URL"),
        pytest.param("oracle://tuner:s3cret@db/studies", id="dialect"),
        pytest.param("postgresql+asyncpg://tuner:s3cret@db/studies", id="driver"),
        pytest.param("postgresql://tuner:s3cret@db:port/studies", id="port"),
        pytest.param("sqlite://", id="memory"),
        pytest.param("sqlite:///:memory:", id="memory by name"),
    ],
)
def test_a_url_that_cannot_keep_studies_is_refused_without_showing_it(url: str):
    with pytest.raises(StoreRefusedError) as caught:
        Database.of(url)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value, limit=0))


@pytest.mark.parametrize("schema", ["Hpo", "hpo; drop table x", "pg_catalog", "", "a" * 64])
def test_a_schema_that_postgresql_would_read_otherwise_is_refused(schema: str):
    with pytest.raises(StoreRefusedError, match="schema"):
        Database.of(URL, schema)


def test_only_postgresql_has_schemas(tmp_path: Path):
    with pytest.raises(StoreRefusedError, match="Only PostgreSQL"):
        Database.of(f"sqlite:///{tmp_path}/hpo.db", "hpo")


def test_airflows_short_name_for_postgresql_is_understood():
    assert Database.of(URL.replace("postgresql", "postgres")) == Database.of(URL)


def test_a_missing_driver_names_the_extra_that_brings_it():
    with pytest.raises(StoreRefusedError, match=r"airflow-provider-hpo\[mysql\]"):
        Database.of("mysql+pymysql://db/studies")


def test_a_database_survives_pickling_and_shares_its_engine():
    database = Database.of(URL, "hpo")
    assert pickle.loads(pickle.dumps(database)).engine is database.engine  # noqa: S301
