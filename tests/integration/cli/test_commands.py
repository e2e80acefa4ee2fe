"""The commands, from their words to what they print, on a real file."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from airflow.cli.cli_config import ActionCommand, GroupCommand

from airflow_hpo.cli import watch
from airflow_hpo.cli.commands import get_cli_commands
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.space.space import Float, Int
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import HEAD
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import START, Tuned, declared

Command = Callable[..., str]


@cache
def parser() -> argparse.ArgumentParser:
    """Build the parser as Airflow does."""
    root = argparse.ArgumentParser()
    _add(root, get_cli_commands())
    return root


def _add(parent: argparse.ArgumentParser, commands: Any) -> None:
    choices = parent.add_subparsers(required=True)
    for command in commands:
        child = choices.add_parser(command.name, help=command.help)
        if isinstance(command, GroupCommand):
            _add(child, command.subcommands)
        elif isinstance(command, ActionCommand):
            for argument in command.args:
                argument.add_to_parser(child)
            child.set_defaults(func=command.func)


@pytest.fixture
def run(
    metadata_database: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command line in an Airflow home of its own and return what it prints."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)
    # Commands set it; it must not outlive the test.
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")

    def command(*words: str) -> str:
        args = parser().parse_args(["hpo", *words])
        capsys.readouterr()
        args.func(args)
        return capsys.readouterr().out

    return command


@pytest.fixture
def finished(run: Command, default_database: Database) -> Tuned:
    """A study of four trials that has ended, one of them after a failure."""
    tuned = Tuned(Store(default_database), declared(max_trials=4), "manual__2026-11-21T08:00:00+00:00")
    requests = tuned.suggest()
    for value, request in enumerate(requests):
        if value == 1:
            tuned.fail(request)
        tuned.complete(request, value=value / 3, try_number=2)
    finish(tuned.store, status(tuned.store, tuned.name))
    return tuned


@pytest.fixture
def running(finished: Tuned) -> Tuned:
    """A second study, with one complete trial and three that run."""
    tuned = Tuned(finished.store, declared(name="other", max_trials=12))
    tuned.complete(tuned.suggest()[0], value=0.125)
    return tuned


def test_the_tables_are_created_and_checked(run: Command, tmp_path: Path) -> None:
    assert run("db", "migrate").count("\n") == 1
    assert str(tmp_path / "hpo.db") in run("db", "check")


def test_a_database_without_tables_fails_the_check_in_one_line(run: Command) -> None:
    with pytest.raises(SystemExit) as caught:
        run("db", "check")
    assert isinstance(caught.value.code, str)
    assert "hpo.db does not exist" in caught.value.code
    assert "\n" not in caught.value.code


READING = [
    "studies list",
    "studies show demo",
    "studies why demo",
    "studies drift demo",
    "studies export demo",
    "studies plan demo",
    "studies plot demo -o report.html",
    "trials show demo 0",
    "champion list",
    "champion get demo",
    "champion history demo",
    "champion diff demo",
    "comparisons list",
    "comparisons show 1",
]


@pytest.mark.parametrize("words", READING)
def test_a_command_that_reads_makes_no_file(run: Command, tmp_path: Path, words: str) -> None:
    with pytest.raises(SystemExit, match=r"hpo\.db does not exist"):
        run(*words.split())
    assert list(tmp_path.glob("hpo*")) == []


def test_under_another_executor_a_command_does_not_make_the_default_file(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    with pytest.raises(SystemExit, match="airflow connections add hpo_default"):
        run("db", "migrate")
    assert list(tmp_path.glob("hpo*")) == []


def test_a_study_is_drawn_in_one_file(run: Command, finished: Tuned, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    said = run("studies", "plot", "demo", "-o", str(file))
    assert said.strip() == f"{finished.name} is drawn in {file}: open it in a browser, or send it."
    assert f"<title>{finished.name}</title>" in file.read_text()
    with pytest.raises(SystemExit, match=r"The system refused it: .*No such file or directory"):
        run("studies", "plot", "demo", "-o", str(tmp_path / "nowhere" / "report.html"))


def test_the_tables_go_back_to_an_older_version_s(run: Command) -> None:
    run("db", "migrate")
    assert "at revision 0001" in run("db", "downgrade", "--to-revision", "0001")
    with pytest.raises(SystemExit, match=f"needs revision {HEAD} of our tables"):
        run("db", "check")


@pytest.mark.parametrize("revision", [HEAD, "head", "9999", "nonsense"])
@pytest.mark.usefixtures("default_database")
def test_the_tables_go_back_to_nothing_but_an_older_revision(run: Command, revision: str) -> None:
    with pytest.raises(SystemExit, match=rf"From revision {HEAD}, .* can go back to .*0002, 0001, base, but got"):
        run("db", "downgrade", "--to-revision", revision)
    run("db", "check")


def test_editions_are_compared_side_by_side(run: Command, running: Tuned) -> None:
    wider = Tuned(running.store, declared(name="wide", space={"x": Float(0, 9), "y": Int(1, 3)}, max_trials=4))
    table = run("studies", "compare", "demo", "wide", "other")
    head, rows = table.splitlines()[1], {line.split()[1]: line for line in table.splitlines() if line.count("│") > 2}
    assert all(name in head for name in ("demo@manual", wider.name, "other@r"))
    assert "finished" in rows["state"]
    assert "loss (minimize)" in rows["objective"]
    assert "Float(low=0.0, high=9.0)" in rows["space.x"]
    assert "Int(low=1, high=3)" in rows["space.y"]
    first, second, _ = json.loads(run("studies", "compare", "demo", "wide", "other", "-o", "json"))
    assert (first["best"], second["best"], first["space.y"]) == (0.0, None, None)
    assert first["params.x"] is not None


def test_a_study_alone_is_compared_with_its_edition_before(run: Command, running: Tuned) -> None:
    Tuned(running.store, declared(), "next")
    found = run("studies", "compare", "demo")
    assert "demo@next" in found
    assert "demo@manual" in found
    assert found.endswith("Their spaces are the same.\n")
    with pytest.raises(
        SystemExit, match=r"'other' means only 'other@r'\. Name another: airflow hpo studies compare other@r"
    ):
        run("studies", "compare", "other")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("studies list", "No study is in the database yet."),
        ("studies list --study x", "No edition of a study 'x' is in the database."),
        ("comparisons list --study x", "No comparison of study 'x' is in the database."),
        ("champion list", "No parameter set has a champion yet"),
    ],
)
@pytest.mark.usefixtures("default_database")
def test_a_list_of_nothing_says_so(run: Command, words: str, said: str) -> None:
    assert run(*words.split()).startswith(said)
    assert json.loads(run(*words.split(), "-o", "json")) == []


def test_a_file_that_cannot_be_written_is_one_line(run: Command, finished: Tuned, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"'/nowhere/trials\.csv': No such file or directory"):
        run("studies", "export", "demo", "-o", "csv", "--file", "/nowhere/trials.csv")


def test_the_list_shows_every_edition_newest_first(run: Command, running: Tuned) -> None:
    lines = run("studies", "list").splitlines()
    rows = [line.split() for line in lines if "@" in line]
    assert [row[1] for row in rows] == ["other@r", "demo@manual__2026-11-21T08:00:00+00:00"]
    assert "1/12" in rows[0]
    assert "4/4" in rows[1]


def test_the_list_can_be_limited_to_a_study(run: Command, running: Tuned) -> None:
    assert [row["edition"] for row in json.loads(run("studies", "list", "--study", "other", "-o", "json"))] == [
        "other@r"
    ]
    assert len(json.loads(run("studies", "list", "--limit", "1", "-o", "json"))) == 1


@pytest.mark.parametrize("command", [("list",), ("show", "demo"), ("export", "demo")], ids=lambda words: words[0])
def test_json_and_csv_say_the_same(run: Command, running: Tuned, command: tuple[str, ...]) -> None:
    as_json = json.loads(run("studies", *command, "-o", "json"))
    as_csv = list(csv.DictReader(io.StringIO(run("studies", *command, "-o", "csv"))))
    texts = [{name: "" if value is None else str(value) for name, value in row.items()} for row in as_json]
    assert as_csv == texts
    assert as_csv


def test_show_gives_the_best_parameters(run: Command, finished: Tuned) -> None:
    row = json.loads(run("studies", "show", "demo", "-o", "json"))[0]
    best = finished.records()[0]
    assert (row["state"], row["best"], row["trial"]) == ("finished", 0.0, 0)
    assert (row["params.x"], row["params.kind"]) == (best.params["x"], best.params["kind"])


@pytest.mark.parametrize("name", ["demo", "DEM", "tune"])
def test_the_best_parameters_are_found_by_a_part_of_the_name_or_by_the_dag(
    run: Command, finished: Tuned, name: str
) -> None:
    best = finished.records()[0]
    assert json.loads(run("studies", "best", name, "-o", "json")) == best.params


def test_the_best_parameters_are_printed_as_a_program_takes_them(run: Command, finished: Tuned) -> None:
    best = finished.records()[0].params
    assert run("studies", "best", "demo", "-o", "args").split() == [f"--{name}={value}" for name, value in best.items()]
    assert f"HPO_PARAM_X={best['x']}" in run("studies", "best", "demo", "-o", "env").splitlines()
    assert "demo@manual__" in run("studies", "best", "demo")


def test_a_part_of_two_names_is_refused_with_both(run: Command, running: Tuned) -> None:
    Tuned(running.store, declared(name="mother"))
    with pytest.raises(SystemExit, match="'m' is in 'demo', 'mother'"):
        run("studies", "show", "m")


def test_only_what_is_read_is_found_by_a_part_of_its_name(run: Command, running: Tuned) -> None:
    with pytest.raises(SystemExit, match="'othe' is not"):
        run("studies", "stop", "othe")


def test_show_lists_the_best_trials_first(run: Command, finished: Tuned) -> None:
    lines = run("studies", "show", "demo").splitlines()
    assert "All 4 trials are successful." in lines
    cells = [line.split("│")[1:3] for line in lines if line.startswith("│")]
    assert [(number.strip(), value.strip()) for number, value in cells] == [
        ("0", "0"),
        ("4", "0.3333"),
        ("2", "0.6667"),
        ("3", "1"),
    ]


def test_show_says_that_trials_ran_under_two_images(run: Command, finished: Tuned) -> None:
    tuned = Tuned(finished.store, declared(name="mended"))
    for digit, request in zip("ab", tuned.suggest()):
        tuned.complete(request, placement=Placement(image=f"sim@sha256:{digit * 64}", image_tag="sim:1"))
    said = "Trials ran under 2 images: sha256:aaaaaaaaaaaa (1 trial), sha256:bbbbbbbbbbbb (1)."
    assert said in run("studies", "show", "mended").splitlines()
    assert json.loads(run("studies", "show", "mended", "-o", "json"))[0]["images"] == said


def test_a_study_without_a_complete_trial_can_be_shown(run: Command, finished: Tuned) -> None:
    Tuned(finished.store, declared(name="empty"))
    assert "No trial is complete yet." in run("studies", "show", "empty").splitlines()
    assert json.loads(run("studies", "show", "empty", "-o", "json"))[0]["params.x"] is None


def test_the_export_has_every_trial_with_its_attempts_and_reasons(run: Command, finished: Tuned) -> None:
    rows = json.loads(run("studies", "export", "demo", "-o", "json"))
    assert [row["number"] for row in rows] == [0, 1, 2, 3, 4]
    assert (rows[1]["state"], rows[1]["reason"], rows[4]["replaces"]) == ("fail", "It broke.", 1)


def test_an_export_can_go_to_a_file(run: Command, finished: Tuned, tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    assert run("studies", "export", "demo", "-o", "csv", "--file", str(path)) == ""
    assert len(list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))) == 5


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    for name, value in {"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("narrow")
def test_the_list_fits_a_terminal_of_80_columns(run: Command, running: Tuned) -> None:
    Tuned(running.store, declared(name="long"), "x" * 150)
    lines = [line for line in run("studies", "list").splitlines() if "│" in line]
    started = running.store.edition(running.name).started
    assert max(map(len, lines)) <= 80
    assert [cell.strip() for cell in next(line for line in lines if "other@r" in line).split("│")[1:-1]] == [
        "other@r",
        "running",
        "1/12",
        "3",
        "0.125",
        f"{started:%m-%d %H:%M}",
    ]


@pytest.mark.usefixtures("narrow")
def test_the_best_trials_fit_a_terminal_of_80_columns(run: Command, finished: Tuned) -> None:
    lines = [line for line in run("studies", "show", "demo").splitlines() if "│" in line]
    assert max(map(len, lines)) <= 80
    assert len(lines) == 4


def test_watching_a_study_that_has_ended_prints_it_once(run: Command, finished: Tuned) -> None:
    lines = run("studies", "watch", "demo").splitlines()
    assert len(lines) == 2
    assert "  4/4  0 running, 0 failed, best 0 (trial 0)" in lines[0]
    assert lines[1] == "All 4 trials are successful."


def test_watching_a_study_says_how_many_trials_have_no_place_yet(finished: Tuned) -> None:
    gentle = Tuned(finished.store, declared(name="gentle", max_pending=2))
    gentle.started(gentle.suggest()[0])
    _, rest, _ = watch._look(gentle.store, gentle.name)
    assert rest == "2 running, 1 of them without a place yet, 0 failed"


def test_watching_a_running_study_follows_it_to_its_end(run: Command, finished: Tuned) -> None:
    tuned = Tuned(finished.store, declared(name="other", max_trials=4))
    requests = tuned.suggest()

    def end() -> None:
        for request in requests:
            tuned.complete(request)

    timer = Timer(0.0, end)
    timer.start()
    lines = run("studies", "watch", "other@r", "--interval", "0.01").splitlines()
    timer.join()
    assert "  4/4  " in lines[-2]
    assert lines[-1] == "All 4 trials are successful."


@pytest.mark.parametrize("command", ["show", "export", "watch"])
def test_an_unknown_study_is_one_line_with_the_nearest_name(run: Command, finished: Tuned, command: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run("studies", command, "demoo")
    assert isinstance(caught.value.code, str)
    assert "'demoo' is not" in caught.value.code
    assert "\n" not in caught.value.code


def test_an_unknown_connection_is_one_line(run: Command) -> None:
    with pytest.raises(SystemExit) as caught:
        run("studies", "list", "--conn-id", "mine")
    assert isinstance(caught.value.code, str)
    assert "mine" in caught.value.code


def test_a_study_is_transferred_to_the_dag_that_was_renamed(run: Command, running: Tuned) -> None:
    said = run("studies", "transfer", "demo", "--to-dag", "new", "--to-group", "search")
    assert said.startswith("Study 'demo' belongs to task group 'search' of DAG 'new' since 20")
    assert said in run("studies", "show", "demo")
    with pytest.raises(SystemExit, match=r"A DAG's id is letters.*but got 'a b'"):
        run("studies", "transfer", "demo", "--to-dag", "a b")


def test_what_was_to_be_computed_afresh_can_be_taken_back(run: Command, running: Tuned) -> None:
    assert "Nothing was asked for" in run("studies", "afresh", running.name, "--cancel")
    run("studies", "afresh", running.name)
    assert run("studies", "afresh", running.name, "--cancel") == (
        f"The next start of {running.name} goes on with what there is.\n"
    )
    assert "computes afresh" not in run("studies", "show", running.name)
    assert open_edition(running.store, running.study, "r", START).name == running.name


def test_an_edition_is_computed_afresh_by_its_next_start_and_shown_so(run: Command, running: Tuned) -> None:
    said = run("studies", "afresh", running.name)
    assert said.startswith(
        f"The next start of {running.name} computes afresh. Clear or backfill DAG run 'r' of DAG 'tune' "
    )
    assert "Its next start computes afresh. " in run("studies", "show", running.name)
    open_edition(running.store, running.study, running.name.partition("@")[2], START)
    shown = run("studies", "show", running.name)
    assert shown.startswith(f"{running.name}~2: 0 complete")
    assert "It was computed afresh. " in shown
    assert "asked for it by `airflow hpo studies afresh`." in shown
    assert run("studies", "show", f"{running.name}~1").startswith(f"{running.name}: ")


def test_a_plan_is_a_table_with_what_it_was_made_from(run: Command, finished: Tuned) -> None:
    shown = run("studies", "plan", "demo", "--at-once", "2", "1", "--trials", "8")
    assert "Forecast of 10 attempts from 5 of demo@manual__2026-11-21T08:00:00+00:00" in shown
    rows = json.loads(run("studies", "plan", "demo", "-o", "json"))
    assert [row["parallelism"] for row in rows] == [5, 10, 20]
    assert rows[0].keys() == {"parallelism", "batches", "continuous", "doubling_saves", "pays"}
