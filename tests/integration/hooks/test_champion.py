"""Reading a champion: from the store, else from its mirror, else a default."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import Environment

from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.exceptions import (
    DeclarationError,
    ParameterSetNotFoundError,
    StoreNotMigratedError,
    StoreUnavailableError,
)
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.parameter_sets.mirror import mirror, mirror_key
from airflow_hpo.parameter_sets.moves import assign, promote
from airflow_hpo.plugin.macros import champion
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import current, downgrade

NAME = "dispatch/tokyo"
VARIABLE = "AIRFLOW_VAR_HPO_CHAMPION/DISPATCH/TOKYO"
BY_HAND = Provenance(source="params.yaml", approved_by="grace")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An AIRFLOW_HOME without any connection."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)
    return tmp_path


@pytest.fixture
def in_use(default_database: Database) -> HpoHook:
    """A store with one champion."""
    hook = HpoHook()
    assign(hook.store, NAME, {"wait": 60, "solver": "greedy", "items": 3}, BY_HAND)
    return hook


@pytest.fixture
def mirrored(in_use: HpoHook, monkeypatch: pytest.MonkeyPatch) -> HpoHook:
    """The same, mirrored to a Variable."""
    mirror(in_use.database, NAME, lambda key, text: monkeypatch.setenv(f"AIRFLOW_VAR_{key.upper()}", text))
    return in_use


def away(monkeypatch: pytest.MonkeyPatch) -> HpoHook:
    """Return a hook whose database does not answer."""
    fields = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "me", "schema": "d"}
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", json.dumps(fields))
    return HpoHook()


def test_the_hook_gives_the_parameters_in_use(in_use: HpoHook) -> None:
    found = HpoHook().champion(NAME)
    assert (found.name, found.version, found.params["wait"], found.provenance.approved_by) == (NAME, 1, 60, "grace")


def test_reading_is_not_creating(home: Path) -> None:
    with pytest.raises(ParameterSetNotFoundError, match=r"hpo\.db does not exist"):
        HpoHook().champion(NAME)
    assert list(home.glob("hpo*")) == []


def test_a_default_without_any_file_is_taken_with_a_warning_that_names_the_file(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert champion(NAME, {"wait": 1}).params["wait"] == 1
    assert f"{home / 'hpo.db'} does not exist" in caplog.text
    assert list(home.glob("hpo*")) == []


def test_reading_does_not_migrate_an_older_file(in_use: HpoHook) -> None:
    downgrade(in_use.database, "0002")
    with pytest.raises(StoreNotMigratedError, match="airflow hpo db migrate"):
        HpoHook().champion(NAME, {"wait": 1})
    assert current(in_use.database) == "0002"


def test_an_unknown_set_is_an_error_that_names_the_nearest(in_use: HpoHook) -> None:
    with pytest.raises(ParameterSetNotFoundError, match="Did you mean 'dispatch/tokyo'"):
        HpoHook().champion("dispatch/tokyoo")


def test_a_default_stands_for_a_set_that_does_not_exist_and_for_no_other(in_use: HpoHook) -> None:
    assert HpoHook().champion(NAME, {"wait": 1}).params["wait"] == 60
    defaulted = HpoHook().champion("dispatch/osaka", {"wait": 1})
    assert (defaulted.version, defaulted.params) == (0, {"wait": 1})
    with pytest.raises(DeclarationError, match="finite"):
        HpoHook().champion("dispatch/osaka", {"wait": float("inf")})


def test_while_the_store_is_away_the_mirror_is_read_with_a_warning(
    mirrored: HpoHook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored = mirrored.champion(NAME)
    with caplog.at_level(logging.WARNING):
        assert away(monkeypatch).champion(NAME) == stored
    assert "Version 1 of dispatch/tokyo is taken from its Variable." in caplog.text


def test_a_store_that_answers_is_believed_more_than_the_mirror(mirrored: HpoHook) -> None:
    assign(mirrored.store, NAME, {"wait": 70}, BY_HAND)
    assert HpoHook().champion(NAME).version == 2


def test_a_machine_without_any_store_reads_the_mirror(
    mirrored: HpoHook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "elsewhere"))
    assert HpoHook().champion(NAME).params["wait"] == 60


def test_a_server_that_waits_for_its_migration_does_not_stop_production(
    mirrored: HpoHook, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.dialect == "sqlite":  # upgrades itself
        return
    downgrade(database, "0001")
    at = database.location
    fields = {"conn_type": "hpo", "host": at.host, "port": at.port, "login": at.username, "schema": at.database}
    extra = {"dialect": database.dialect, "db_schema": database.schema}
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", json.dumps({**fields, "extra": extra}))
    assert HpoHook().champion(NAME).params["wait"] == 60
    with pytest.raises(StoreNotMigratedError):
        HpoHook().champion("dispatch/osaka")


def test_without_a_mirror_a_store_that_is_away_is_an_error_even_with_a_default(
    in_use: HpoHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1"):
        away(monkeypatch).champion(NAME, {"wait": 1})


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        "{}",
        '{"name": "dispatch/osaka", "version": 1, "params": {"wait": 1}, "created": "2026-11-21T08:00:00+00:00"}',
        '{"name": "dispatch/tokyo", "version": 1, "params": {"wait": NaN}, "created": "2026-11-21T08:00:00+00:00"}',
    ],
)
def test_a_mirror_that_holds_something_else_is_passed_over_and_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(StoreUnavailableError):
        away(monkeypatch).champion(NAME)
    assert caplog.records


def test_a_mirror_written_while_the_champion_moves_ends_with_the_newest(in_use: HpoHook) -> None:
    written: list[int] = []

    def put(key: str, text: str) -> None:
        written.append(json.loads(text)["version"])
        if len(written) == 1:
            assign(in_use.store, NAME, {"wait": 70}, BY_HAND)

    assert mirror(in_use.database, NAME, put).version == 2
    assert written == [1, 2]
    assert mirror_key(NAME) == "hpo_champion/dispatch/tokyo"


def test_the_hook_lists_champions_by_name_and_promotions_newest_first(in_use: HpoHook) -> None:
    promote(in_use.store, "a", {"x": 1}, expected=None, key="d/r", provenance=Provenance(dag_id="d", run_id="r"))
    assign(in_use.store, NAME, {"wait": 70}, BY_HAND)
    assert [(found.name, found.version) for found in HpoHook().champions()] == [("a", 1), (NAME, 2)]
    frame = HpoHook().promotions()
    assert list(zip(frame["name"], frame["to_version"], frame["action"])) == [
        (NAME, 2, "set"),
        ("a", 1, "promote"),
        (NAME, 1, "set"),
    ]
    assert frame["from_version"].isna().tolist() == [False, True, True]
    assert len(HpoHook().promotions("nothing")) == 0


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ champion("dispatch/tokyo").params.wait }}', "60"),
        ('{{ champion("dispatch/tokyo").params["solver"] }}', "greedy"),
        ('{{ champion("dispatch/tokyo").params.items }}', "3"),
        ('{{ champion("dispatch/tokyo").version }}', "1"),
        ('{{ champion("dispatch/tokyo").params }}', '{"wait": 60, "solver": "greedy", "items": 3}'),
        ('{{ champion("dispatch/osaka", {"wait": 5}).params.wait }}', "5"),
    ],
)
def test_a_template_reads_the_champion(in_use: HpoHook, template: str, text: str) -> None:
    assert Environment().from_string(template).render(champion=champion) == text


def test_a_template_fails_where_there_is_no_champion(in_use: HpoHook) -> None:
    with pytest.raises(ParameterSetNotFoundError):
        Environment().from_string('{{ champion("dispatch/osaka") }}').render(champion=champion)


def loaded_by(statement: str) -> set[str]:
    """Return the packages that a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_reading_a_champion_loads_neither_optuna_nor_alembic_nor_pandas(in_use: HpoHook) -> None:
    read = f"from airflow_hpo.hooks.hpo import HpoHook; assert HpoHook().champion('{NAME}').params['wait'] == 60"
    assert loaded_by(read) & {"optuna", "alembic", "pandas", "scipy"} == set()


def test_a_plugin_s_macros_cost_nothing_to_import() -> None:
    assert loaded_by("import airflow_hpo.plugin.macros") & {"airflow", "pydantic", "sqlalchemy"} == set()
