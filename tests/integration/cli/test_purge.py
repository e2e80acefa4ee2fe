"""``airflow hpo studies purge``, and what other commands say of what is not there any more."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest

from airflow_hpo.cli import purge
from airflow_hpo.studies.rows import find_edition
from tests.integration.cli.test_commands import Command, finished, run
from tests.integration.trial_tasks import Tuned

__all__ = ["finished", "run"]


@pytest.fixture(autouse=True)
def runs_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "run_state", lambda *_: "success")


def purging(*more: str) -> list[str]:
    return ["studies", "purge", "--older-than", "0d", *more]


def test_a_dry_run_shows_what_goes_and_deletes_nothing(run: Command, finished: Tuned) -> None:
    said = run(*purging("--dry-run", "--keep-best", "1"))
    assert "4 trials of 1 editions would be deleted." in said
    assert len(finished.records()) == 5


def test_a_purge_says_what_it_did_and_every_command_knows_of_it(run: Command, finished: Tuned, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    said = run(*purging("--archive", str(folder), "--yes", "--keep-best", "2"))
    [file] = folder.iterdir()
    assert f"{finished.name}: 3 deleted, 2 kept, {file}" in said
    assert "Deleted 3 trials of 1 editions." in said
    sentence = f"3 of its 5 trials are deleted, archive {file}."
    assert "purged" in run("studies", "list")
    shown = run("studies", "show", "demo")
    assert sentence in shown
    assert "Best 2 of 2 complete trials" in shown
    assert sentence in run("studies", "why", "demo")
    [row] = json.loads(run("studies", "show", "demo", "-o", "json"))
    assert (row["state"], row["complete"], row["trial"]) == ("purged", 4, 0)
    assert sentence in row["lost"]
    assert row["params.x"] is not None
    [row] = json.loads(run("studies", "drift", "demo", "-o", "json"))
    assert sentence in row["lost"]
    assert [row["number"] for row in json.loads(run("studies", "export", "demo", "-o", "json"))] == [0, 4]
    with pytest.raises(SystemExit, match=r"purged on .* archive"):
        run("trials", "show", "demo", "3")
    with pytest.raises(SystemExit, match=r"purged on .* archive"):
        run("trials", "invalidate", "demo", "0")
    with pytest.raises(SystemExit, match=r"purged on .* archive"):
        run("studies", "watch", "demo")


def test_an_edition_without_any_trial_is_shown(run: Command, finished: Tuned, tmp_path: Path) -> None:
    run(*purging("--archive", str(tmp_path / "a"), "--yes"))
    assert "5 of its 5 trials are deleted" in run("studies", "show", "demo")
    assert "purged" in run("studies", "list", "-o", "csv")
    assert "5 of its 5 trials are deleted" in run("studies", "stop", "demo")
    assert "Nothing is to be deleted." in run(*purging("--dry-run"))
    with pytest.raises(SystemExit, match="5 of its 5 trials are deleted"):
        run("studies", "export", "demo")


def test_the_answer_decides(run: Command, finished: Tuned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answering(answer: str) -> Any:
        return lambda _, question: asked.append(question) or answer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for answer, left in (("", 5), ("no", 5), ("y", 0)):
        monkeypatch.setattr("rich.console.Console.input", answering(answer))
        run(*purging("--archive", str(tmp_path / "a")))
        assert len(finished.store.optuna.numbers(finished.name)) == left
    assert asked[0] == f"Delete 5 trials of 1 editions, archived in {tmp_path / 'a'}? [y/N] "


def test_where_nobody_can_answer_nothing_is_deleted(run: Command, finished: Tuned, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="nobody can answer here"):
        run(*purging("--archive", str(tmp_path)))
    with pytest.raises(SystemExit, match="Add --yes"):
        run(*purging("--archive", str(tmp_path), "-o", "json"))
    assert len(finished.records()) == 5


def test_data_are_printed_alone(run: Command, finished: Tuned, tmp_path: Path) -> None:
    [row] = json.loads(run(*purging("--archive", str(tmp_path / "a"), "--yes", "-o", "json")))
    assert (row["edition"], row["trials"], row["deleted"], row["kept"]) == (finished.name, 5, 5, 0)
    assert Path(row["archive"]).is_file()


@pytest.mark.parametrize("age", ["180", "-1d", "1y", "d", "1.5d", "9999999d", ""])
def test_an_age_that_is_none_is_refused(run: Command, finished: Tuned, age: str) -> None:
    with pytest.raises(SystemExit, match="such as 180d"):
        run("studies", "purge", f"--older-than={age}", "--dry-run")


def test_without_an_archive_nothing_is_deleted(run: Command, finished: Tuned) -> None:
    with pytest.raises(SystemExit, match="Add --archive DIR"):
        run(*purging("--yes"))
    assert len(finished.records()) == 5


def test_the_reason_why_an_edition_stays_is_shown(
    run: Command, finished: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "run_state", lambda *_: "running")
    assert "goes on." in run(*purging("--dry-run"))


def test_a_study_that_optuna_deleted_is_said_so_by_every_command(run: Command, finished: Tuned) -> None:
    optuna.delete_study(study_name=finished.name, storage=finished.store.optuna._storage)
    sentence = "its study was deleted, as optuna-dashboard"
    listed = run("studies", "list")
    assert "deleted" in listed
    assert "?/4" in listed
    assert sentence in run("studies", "show", "demo")
    assert json.loads(run("studies", "show", "demo", "-o", "json"))[0]["params.x"] is None
    assert sentence in run("studies", "why", "demo")
    assert sentence in run("studies", "drift", "demo", "-o", "csv")
    assert sentence in run(*purging("--dry-run", "-o", "csv"))
    assert sentence in run("studies", "stop", "demo")
    for words in ("studies export demo", "trials show demo 0", "studies watch demo"):
        with pytest.raises(SystemExit, match=sentence):
            run(*words.split())


def test_a_running_study_that_optuna_deleted_is_ended_by_stop(run: Command, finished: Tuned) -> None:
    other = Tuned(finished.store, finished.study.model_copy(update={"name": "other"}))
    optuna.delete_study(study_name=other.name, storage=finished.store.optuna._storage)
    assert "has ended" in run("studies", "stop", "other")
    assert find_edition(finished.store, "other").finished is not None
