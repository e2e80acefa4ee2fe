"""``airflow hpo comparisons``, and the same for notebooks."""

from __future__ import annotations

import json

import pytest

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.evaluations.compare import compare_evaluations
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from tests.integration.cli.test_commands import Command, run
from tests.integration.evaluated import CHAMPION, LOSS, challenger, evaluated

__all__ = ["run"]

OLD = [10.0, 12.0, 11.0, 14.0, 13.0]


@pytest.fixture
def store(run: Command, default_database: Database) -> Store:
    """A store with two comparisons: one that promotes, and then one where nothing is in use yet."""
    store = Store(default_database)
    values = {"champion": OLD, "trial 7": [value - 1 - value**2 / 1000 for value in OLD]}
    place = TaskTry(TaskRun("retune", "r1", "compare"))
    first = evaluated(store, values, [challenger(7), CHAMPION])
    compare_evaluations(store, [first], LOSS, ComparisonRule(), place=place)
    second = evaluated(store, {"trial 8": [1.0]}, [challenger(8)], run="r2")
    compare_evaluations(store, [second], LOSS, ComparisonRule(), parameter_set="demo/osaka", place=place)
    return store


def test_comparisons_are_listed_newest_first(run: Command, store: Store) -> None:
    lines = [line for line in run("comparisons", "list").splitlines() if "demo" in line]
    assert ["demo/osaka" in lines[0], "demo/tokyo" in lines[1]] == [True, True]
    assert "trial 8" in lines[0]
    assert "promote" in lines[1]


def test_a_list_says_what_each_may_err_with_and_what_is_left(run: Command, store: Store) -> None:
    first_champion, compared = [line for line in run("comparisons", "list").splitlines() if "demo" in line]
    assert "4 %" in compared
    assert "1 %" in compared
    assert "nothing" in first_champion
    rows = json.loads(run("comparisons", "list", "-o", "json"))
    assert [(row["charged"], row["left"]) for row in rows] == [(0.0, None), (pytest.approx(0.04), pytest.approx(0.01))]


def test_the_report_says_what_is_left(run: Command, store: Store) -> None:
    assert "1 % is left for others on the same data" in run("comparisons", "show", "1", "-o", "markdown")


def test_comparisons_are_listed_by_study_and_parameter_set(run: Command, store: Store) -> None:
    def numbers(*words: str) -> list[int]:
        return [row["comparison"] for row in json.loads(run("comparisons", "list", *words, "-o", "json"))]

    assert numbers("--parameter-set", "demo/tokyo") == [1]
    assert numbers("--study", "demo", "--limit", "1") == [2]
    assert numbers("--study", "other") == []


def test_a_listed_comparison_has_its_effect_and_its_run(run: Command, store: Store) -> None:
    row = json.loads(run("comparisons", "list", "--parameter-set", "demo/tokyo", "-o", "json"))[0]
    assert (row["challenger"], row["champion_version"], row["verdict"]) == ("trial 7", 3, "promote")
    assert row["better_by"] == pytest.approx(1.146)
    assert row["relative"] == pytest.approx(1.146 / 12)
    assert row["p_value"] == pytest.approx(1 / 32)
    assert (row["scenarios"], row["dag_id"], row["run_id"]) == (5, "retune", "r1")


def test_the_report_is_shown_as_a_page(run: Command, store: Store) -> None:
    page = run("comparisons", "show", "1")
    assert "Promote 'trial 7'" in page
    assert "| ---" not in page
    assert "◆" in page
    assert "champion (version 3)" in page


def test_the_report_is_printed_as_it_was_written(run: Command, store: Store) -> None:
    assert run("comparisons", "show", "1", "-o", "markdown").startswith("## Promote\n\nPromote 'trial 7'")


def test_everything_that_is_kept_is_printed_as_json(run: Command, store: Store) -> None:
    data = json.loads(run("comparisons", "show", "1", "-o", "json"))
    assert data["decision"]["evidence"]["pairs"] == 5
    assert data["evaluations"][0].startswith("demo/test@r.")


def test_a_comparison_that_does_not_exist_is_one_line(run: Command, store: Store) -> None:
    with pytest.raises(SystemExit, match="none has the number 9"):
        run("comparisons", "show", "9")


def test_a_notebook_gets_them_as_a_frame(store: Store) -> None:
    frame = HpoHook().comparisons("demo")
    assert list(frame["comparison"]) == [2, 1]
    assert list(HpoHook().comparisons(parameter_set="demo/tokyo")["verdict"]) == ["promote"]
    assert HpoHook().comparisons("nobody").empty
