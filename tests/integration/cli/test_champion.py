"""``airflow hpo champion``, from its words to what it prints, on a real file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.models import Connection, Variable  # noqa: TID251
from airflow.models.asset import AssetEvent, AssetModel  # noqa: TID251
from airflow.utils.session import create_session  # noqa: TID251
from sqlalchemy import delete, select

from airflow_hpo.cli.champion import read_params
from airflow_hpo.core.answer import Choice
from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.exceptions import OwnerError
from airflow_hpo.hooks.champion import read_mirror
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.parameter_set_asset import parameter_set_asset
from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.parameter_sets.moves import assign, promote, rollback
from airflow_hpo.storage import approvals
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from tests.integration.cli.test_commands import Command, run  # noqa: F401
from tests.integration.decisions import decision

NAME = "dispatch/tokyo"


@pytest.fixture(autouse=True)
def _no_variables(metadata_database: None) -> Iterator[None]:
    """Leave no mirror to the next test."""
    yield
    with create_session() as session:
        session.execute(delete(Variable))  # noqa: AIR311


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Parameters as a person writes them."""
    path = tmp_path / "params.yaml"
    path.write_text("wait: 60\nrate: 1e-5\nsolver: it's {{ greedy }}\n'on': true\nnothing: null\n")
    return path


@pytest.fixture
def champion(run: Command, file: Path, tmp_path: Path, default_database: Database) -> Command:  # noqa: F811
    """The commands, on a store with three versions."""
    store = Store(default_database)
    assign(store, NAME, read_params(str(file)), Provenance(source=str(file)))
    for wait in (70, 80):
        (tmp_path / f"{wait}.json").write_text(json.dumps({"wait": wait}))
        assign(store, NAME, {"wait": wait}, Provenance(source=f"{wait}.json"))
    return run


def test_the_first_version_comes_from_a_file(run: Command, file: Path) -> None:  # noqa: F811
    said = run("champion", "set", NAME, "--file", str(file), "--reason", "The first.")
    assert said.splitlines()[0] == "Version 1 of dispatch/tokyo is the champion now, the first."
    found = HpoHook().champion(NAME)
    assert found.params == {"wait": 60, "rate": 1e-5, "solver": "it's {{ greedy }}", "on": True, "nothing": None}
    origin = found.provenance
    assert (origin.source, origin.approved_by, origin.reason) == (str(file), system_user(), "The first.")


def test_setting_the_same_file_again_makes_no_version(run: Command, file: Path) -> None:  # noqa: F811
    run("champion", "set", NAME, "--file", str(file))
    assert "is the champion already" in run("champion", "set", NAME, "--file", str(file))


def test_what_get_prints_can_be_set_again(champion: Command, tmp_path: Path) -> None:
    printed = champion("champion", "get", NAME, "--version", "1", "-o", "json")
    (tmp_path / "old.json").write_text(printed)
    champion("champion", "set", NAME, "--file", str(tmp_path / "old.json"))
    assert HpoHook().champion(NAME).params == json.loads(printed)["params"]


def test_get_shows_the_parameters_and_where_they_came_from(champion: Command) -> None:
    lines = champion("champion", "get", NAME).splitlines()
    assert lines[0].startswith("dispatch/tokyo  version 3  ")
    assert any(line.startswith("source: ") for line in lines)
    assert any("wait" in line and "80" in line for line in lines)


def test_a_shell_can_read_what_get_prints(champion: Command) -> None:
    printed = champion("champion", "get", NAME, "--version", "1", "-o", "env")
    show = 'printf "%s|" "$HPO_PARAM_SOLVER" "$HPO_PARAM_ON" "$HPO_PARAM_NOTHING" "$HPO_PARAMETER_SET_VERSION"'
    shell = subprocess.run(["sh", "-c", f"{printed}\n{show}"], capture_output=True, text=True, check=True)
    assert shell.stdout == "it's {{ greedy }}|true||1|"


def test_the_list_has_one_row_for_each_set(champion: Command, file: Path) -> None:
    champion("champion", "set", "a", "--file", str(file))
    rows = json.loads(champion("champion", "list", "-o", "json"))
    assert [(row["name"], row["version"]) for row in rows] == [("a", 1), (NAME, 3)]


def test_the_history_marks_what_is_in_use(champion: Command) -> None:
    rows = json.loads(champion("champion", "history", NAME, "-o", "json"))
    assert [(row["version"], row["in use"], row["action"]) for row in rows] == [
        (3, "yes", "set"),
        (2, None, "set"),
        (1, None, "set"),
    ]
    assert len(json.loads(champion("champion", "history", NAME, "--limit", "1", "-o", "json"))) == 1


def test_the_difference_is_to_the_version_before_or_between_any_two(champion: Command) -> None:
    change = {"name": "wait", "change": "changed", "old": 70, "new": 80}
    assert json.loads(champion("champion", "diff", NAME, "-o", "json")) == [change]
    assert json.loads(champion("champion", "diff", NAME, "1", "-o", "json"))[0] == {**change, "old": 60}
    assert champion("champion", "diff", NAME, "3", "3") == "The parameters are the same.\n"


def test_a_rollback_leads_to_the_version_before_or_to_a_named_one(champion: Command) -> None:
    assert "Version 4 of" in champion("champion", "rollback", NAME, "--reason", "Complaints.")
    found = HpoHook().champion(NAME)
    assert (found.params, found.restores, found.provenance.reason) == ({"wait": 70}, 2, "Complaints.")
    champion("champion", "rollback", NAME, "--to", "3")
    assert HpoHook().champion(NAME).params == {"wait": 80}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("get", "dispatch/tokio"), "Did you mean 'dispatch/tokyo'"),
        (("get", NAME, "--version", "9"), "9 was not"),
        (("rollback", NAME, "--to", "3"), "in use already"),
        (("set", NAME, "--file", "/nowhere.yaml"), "/nowhere.yaml"),
        (("set", "a b", "--file", "{file}"), "A parameter set's name"),
        (("set", NAME, "--file", "{list}"), "a mapping of values by name"),
        (("set", NAME, "--file", "{broken}"), "JSON or YAML"),
        (("set", NAME, "--file", "{unquoted}"), "A parameter's name is text, but got True. Quote it"),
        (("set", NAME, "--file", "{nested}"), "must be one text or number"),
    ],
)
def test_a_mistake_is_one_line(champion: Command, file: Path, tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    for name, content in {"list": "[1]", "broken": "a: [", "nested": "a: [1]", "unquoted": "on: 1"}.items():
        (tmp_path / name).write_text(content)
    places = {"{file}": str(file)} | {
        f"{{{name}}}": str(tmp_path / name) for name in ("list", "broken", "nested", "unquoted")
    }
    with pytest.raises(SystemExit) as caught:
        champion("champion", *(places.get(word, word) for word in words))
    assert isinstance(caught.value.code, str)
    assert why in caught.value.code
    assert "\n" not in caught.value.code


def test_a_variable_mirrors_what_is_in_use_once_it_was_asked_for(champion: Command) -> None:
    champion("champion", "rollback", NAME)
    assert read_mirror(NAME) is None
    assert "Its Variable is up to date." in champion("champion", "rollback", NAME, "--mirror")
    assert read_mirror(NAME) == HpoHook().champion(NAME)
    champion("champion", "rollback", NAME, "--to", "3")
    assert read_mirror(NAME) == HpoHook().champion(NAME)
    assert HpoHook().champion(NAME).version == 6


def test_get_reads_the_variable_while_the_store_is_away(champion: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    champion("champion", "rollback", NAME, "--mirror")
    fields = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "me", "schema": "d"}
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", json.dumps(fields))
    assert '"wait": 70' in champion("champion", "get", NAME, "-o", "json")


def test_a_connection_that_is_stored_in_airflow_s_database_is_used(champion: Command, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    with create_session() as session:
        session.add(Connection(conn_id="stored", conn_type="sqlite", host=str(elsewhere)))  # noqa: AIR311
    try:
        champion("champion", "set", NAME, "--file", str(tmp_path / "70.json"), "--conn-id", "stored")
        rows = json.loads(champion("champion", "list", "-o", "json", "--conn-id", "stored"))
    finally:
        with create_session() as session:
            session.execute(delete(Connection).where(Connection.conn_id == "stored"))  # noqa: AIR311
    assert [(row["name"], row["version"]) for row in rows] == [(NAME, 1)]
    assert elsewhere.is_file()


@pytest.fixture
def asset(metadata_database: None) -> Iterator[int]:
    """Id of the parameter set's asset, as Airflow knows it once a DAG is scheduled on it."""
    wanted = parameter_set_asset(NAME)
    with create_session() as session:
        model = AssetModel(name=wanted.name, uri=wanted.uri)
        session.add(model)
        session.flush()
        found: int = model.id
    yield found
    with create_session() as session:
        session.execute(delete(AssetEvent))
        session.execute(delete(AssetModel))


def told(asset: int) -> list[dict[str, object]]:
    """Return what those were told who wait for the asset."""
    with create_session() as session:
        found = session.scalars(select(AssetEvent).filter_by(asset_id=asset).order_by(AssetEvent.id))
        return [event.extra for event in found]


def test_production_is_told_of_a_rollback_as_of_a_promotion(champion: Command, asset: int) -> None:
    said = champion("champion", "rollback", NAME)
    assert (
        said.splitlines()[-1]
        == "DAGs that are scheduled on hpo://champion/dispatch/tokyo are started, unless they are paused."
    )
    assert told(asset) == [{"name": NAME, "version": 4, "params": {"wait": 70}, "previous": 3}]


def test_production_is_not_told_of_what_has_not_moved(champion: Command, asset: int, tmp_path: Path) -> None:
    champion("champion", "set", NAME, "--file", str(tmp_path / "80.json"))
    assert told(asset) == []


def test_a_champion_that_no_dag_waits_for_moves_all_the_same(champion: Command) -> None:
    said = champion("champion", "rollback", NAME)
    assert (
        said.splitlines()[-1]
        == "No DAG that Airflow has read uses the asset hpo://champion/dispatch/tokyo, so nothing was started."
    )
    assert HpoHook().champion(NAME).version == 4


def test_the_person_who_moved_a_champion_is_the_system_s_user_whatever_the_environment_says(
    run: Command,  # noqa: F811
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "the boss")
    run("champion", "set", "bikes", "--file", str(file))
    origin = HpoHook().champion("bikes").provenance
    assert (origin.acted_by, origin.approved_by) == (system_user(), system_user())


def test_a_parameter_set_is_transferred_to_the_dag_that_was_renamed(run: Command, file: Path) -> None:  # noqa: F811
    run("champion", "set", "bikes", "--file", str(file))
    with pytest.raises(SystemExit, match="'bikes' has no owner"):
        run("champion", "transfer", "bikes", "--to-dag", "new")
    origin = Provenance(dag_id="old", run_id="r")
    promote(HpoHook().store, "bikes", {"x": 5}, expected="any", key="old/r", provenance=origin)
    said = run("champion", "transfer", "bikes", "--to-dag", "new")
    assert said.startswith("Parameter set 'bikes' belongs to DAG 'new' since 20")
    with pytest.raises(OwnerError, match="belongs to DAG 'new', but DAG 'old'"):
        rollback(HpoHook().store, "bikes", provenance=origin)


def test_get_and_history_say_who_approved(champion: Command, default_database: Database) -> None:
    store = Store(default_database)
    number = decision(store, {"wait": 90}, 3)["comparison"]
    asker, at = TaskRun("retune", "r1", "approve"), datetime(2026, 11, 21, 8, tzinfo=UTC)
    with store.session() as session:
        user = {"id": "7", "name": "ann"}
        approvals.answer(session, number, asker, Choice.APPROVE, at, user=user, params={"why": "[bold]fine"})
    origin = Provenance(comparison=number, dag_id="retune", run_id="r1", approved_by="ann")
    promote(store, NAME, {"wait": 90}, expected=3, key="retune/r1", provenance=origin)
    said = "Approved by ann (id 7) with {'why': '[bold]fine'} at 2026-11-21 08:00+00:00, asked by approve."
    assert f"approval: {said}" in champion("champion", "get", NAME, "-o", "table")
    rows = json.loads(champion("champion", "history", NAME, "-o", "json"))
    assert [row["approval"] for row in rows] == [said, None, None, None]
