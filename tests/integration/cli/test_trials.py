"""``airflow hpo trials show``, and what other commands say of oddities, exit codes and logs, on a real file."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from airflow_hpo.core.remarks import NO_REMARKS, Link, Remarks
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.storage import attempts
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from tests.integration.cli.test_commands import Command, narrow, run  # noqa: F401
from tests.integration.trial_tasks import Tuned, declared

ODD = ("'loss' was not a number 2 times, first 'x'.", "The extra metric 'time_s' was never reported.")
pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture
def tuned(run: Command, default_database: Database) -> Tuned:  # noqa: F811
    """A study: trial 0 died once and is complete with oddities, trial 1 failed and ran again as trial 4."""
    tuned = Tuned(Store(default_database), declared(max_trials=6))
    first, second = tuned.suggest()[:2]
    tuned.report(tuned.started(first)[1], {1: 9.0, 2: 8.0})
    claimed, attempt = tuned.started(first, try_number=2)
    tuned.report(attempt, {step: 1 / step for step in range(1, 101)} | {7: math.nan})
    tuned.report(attempt, {1: 60.0}, metric="time_s")
    tuned.conclude(claimed, attempt, 0.01, problems=ODD)
    tuned.fail(second)
    tuned.complete(second, 0.5, try_number=2)
    return tuned


def test_a_trial_is_shown_with_parameters_result_and_attempts(run: Command, tuned: Tuned) -> None:  # noqa: F811
    lines = run("trials", "show", "demo", "0").splitlines()
    params = tuned.records()[0].params
    assert lines[0] == "demo@r  trial 0: complete, loss = 0.01"
    assert {f"  x = {params['x']}", f"  kind = {params['kind']}", "  time_s = 2.0"} <= set(lines)
    assert [line for line in lines if line.startswith("Attempt")] == [
        "Attempt 1: lost (killed)",
        "Attempt 2: complete",
    ]
    assert "  task tune.batch_001.trial [0], try 2, run r of DAG tune" in lines
    assert [line.split()[0] for line in lines if line.startswith(("  pool ", "  running "))] == ["pool", "running"]
    assert [line for line in lines if "odd: " in line] == [f"  odd: {sentence}" for sentence in ODD]


def test_each_attempt_shows_the_curves_of_its_metrics(run: Command, tuned: Tuned) -> None:  # noqa: F811
    lines = run("trials", "show", "demo@r", "0").splitlines()
    curves = [line.split() for line in lines if line.startswith(("  loss ", "  time_s "))]
    assert [(cells[0], cells[2:]) for cells in curves if cells[1] != "="] == [
        ("loss", ["2", "9", "8", "8", "9"]),
        ("loss", ["100", "1", "0.01", "0.01", "1"]),
        ("time_s", ["1", "60", "60", "60", "60"]),
    ]
    assert lines[-1] == "A curve shows 16 values at most; -o csv has all that are kept."


def test_a_failed_trial_shows_exit_code_reason_and_the_end_of_its_log(run: Command, tuned: Tuned) -> None:  # noqa: F811
    lines = run("trials", "show", "demo", "1").splitlines()
    assert lines[0] == "demo@r  trial 1: fail"
    assert "Trial 4 ran it again, and counts in its place." in lines
    assert "Attempt 1: failed (program), exit code 3" in lines
    assert lines[-3:] == ["  last lines of its log:", "    a", "    b"]
    assert "It ran trial 1 again." in run("trials", "show", "demo", "4").splitlines()


def test_a_result_that_was_taken_back_is_shown_as_such(run: Command, tuned: Tuned) -> None:  # noqa: F811
    invalidate(tuned.store, tuned.name, 0, "The data were broken.")
    lines = run("trials", "show", "demo", "0").splitlines()
    assert lines[:2] == ["demo@r  trial 0: invalid", "Its result was taken back: The data were broken."]


def test_a_result_that_was_taken_over_is_shown_with_the_trial_that_measured_it(
    run: Command,  # noqa: F811
    tuned: Tuned,
) -> None:
    Tuned(tuned.store, declared(warm_start=WarmStart(mode="values")), "later")
    mark = f"from demo@r#0 (measured {tuned.records()[0].finished:%Y-%m-%d})"
    lines = run("trials", "show", "demo@later", "0").splitlines()
    assert lines[-1] == f"Its result was taken over {mark}, and is not measured again."
    shown = json.loads(run("trials", "show", "demo@later", "0", "-o", "json"))
    assert (shown["taken_over"], shown["taken_over_data_until"]) == ("demo@r#0", None)
    assert f"best 0.01 (trial 0, taken over {mark})" in run("studies", "show", "demo@later")
    assert mark in run("studies", "best", "demo@later", "-o", "table")
    assert json.loads(run("studies", "show", "demo@later", "-o", "json"))[0]["taken_over"] == "demo@r#0"


def test_a_trial_that_no_task_has_begun_is_shown(run: Command, tuned: Tuned) -> None:  # noqa: F811
    lines = run("trials", "show", "demo", "2").splitlines()
    assert (lines[0], lines[-1]) == ("demo@r  trial 2: running", "No task has begun it.")


@pytest.mark.usefixtures("narrow")
def test_a_trial_fits_a_terminal_of_80_columns(run: Command, tuned: Tuned) -> None:  # noqa: F811
    assert max(map(len, run("trials", "show", "demo", "0").splitlines())) <= 80


def test_what_a_program_says_is_shown_and_exported(run: Command, tuned: Tuned) -> None:  # noqa: F811
    said = Remarks({"load": 0.5, "query": 12.25}, ("=1+1 is odd.",), (Link("Run 7", "https://runs.example/7"),))
    last = tuned.attempts(0)[-1]
    with tuned.store.session() as session:
        attempts.remark(session, last, said)
    lines = run("trials", "show", "demo", "0").splitlines()
    assert "  of the program's time: query 12.25 s, load 0.5 s" in lines
    assert [line for line in lines if "it says" in line] == [
        "  it says: =1+1 is odd.",
        "  it says: Run 7: https://runs.example/7",
    ]
    shown = json.loads(run("trials", "show", "demo", "0", "-o", "json"))
    assert [Remarks.from_dict(one["remarks"]) for one in shown["attempts"]] == [NO_REMARKS, said]
    first, second, *_ = json.loads(run("studies", "export", "demo", "-o", "json"))
    assert (first["remarks"], second["remarks"]) == ("=1+1 is odd. | Run 7: https://runs.example/7", None)


def test_json_has_all_that_is_stored(run: Command, tuned: Tuned) -> None:  # noqa: F811
    trial = json.loads(run("trials", "show", "demo", "0", "-o", "json"))
    first, second = trial["attempts"]
    assert (trial["state"], trial["value"], trial["counting_attempt"]) == ("complete", 0.01, 2)
    assert (first["outcome"], first["curves"]) == ("lost", {"loss": [[1, 9.0], [2, 8.0]]})
    assert second["problems"] == list(ODD)
    assert second["curves"]["loss"][6] == [7, "nan"]
    assert (second["task_id"], second["map_index"], second["try_number"]) == ("tune.batch_001.trial", 0, 2)


def test_csv_has_every_value_of_every_attempt(run: Command, tuned: Tuned) -> None:  # noqa: F811
    rows = list(csv.DictReader(io.StringIO(run("trials", "show", "demo", "0", "-o", "csv"))))
    assert len(rows) == 103
    assert [(row["attempt"], row["metric"], row["step"], row["value"]) for row in rows[:3]] == [
        ("1", "loss", "1", "9.0"),
        ("1", "loss", "2", "8.0"),
        ("2", "loss", "1", "1.0"),
    ]


def test_where_airflow_knows_its_address_the_log_has_a_link(
    run: Command,  # noqa: F811
    tuned: Tuned,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "http" not in run("trials", "show", "demo", "0")
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com")
    link = "https://airflow.example.com/dags/tune/runs/r/tasks/tune.batch_001.trial/mapped/0?try_number=2"
    assert f"  log: {link}" in run("trials", "show", "demo", "0").splitlines()


@pytest.mark.parametrize(
    ("words", "says"), [(("demo", "9"), "no trial 9"), (("demoo", "0"), "'demoo' is not")], ids=["trial", "study"]
)
def test_an_unknown_trial_is_one_line(run: Command, tuned: Tuned, words: tuple[str, str], says: str) -> None:  # noqa: F811
    with pytest.raises(SystemExit, match=says) as caught:
        run("trials", "show", *words)
    assert "\n" not in str(caught.value.code)


def test_the_study_says_what_was_odd_about_its_best_trials(run: Command, tuned: Tuned) -> None:  # noqa: F811
    assert run("studies", "show", "demo").splitlines()[-1] == f"Trial 0: {' '.join(ODD)}"
    assert json.loads(run("studies", "show", "demo", "-o", "json"))[0]["trials_with_problems"] == 1


def test_trials_that_are_odd_in_the_same_way_share_a_line(run: Command, tuned: Tuned) -> None:  # noqa: F811
    tuned.complete(tuned.suggest()[2], 0.25, problems=ODD)
    assert run("studies", "show", "demo").splitlines()[-1] == f"Trials 0, 2: {' '.join(ODD)}"


def test_the_export_has_exit_codes_and_oddities(run: Command, tuned: Tuned) -> None:  # noqa: F811
    rows = json.loads(run("studies", "export", "demo", "-o", "json"))
    assert [(row["exit_code"], row["problems"]) for row in rows[:2]] == [(None, " ".join(ODD)), (3, None)]


def test_why_names_trials_with_oddities(run: Command, tuned: Tuned) -> None:  # noqa: F811
    assert (
        "Something was odd about the metrics of trial 0: `airflow hpo trials show` says what."
        in run("studies", "why", "demo").splitlines()
    )


def test_why_shows_how_the_log_of_a_failed_trial_ended(run: Command, tuned: Tuned) -> None:  # noqa: F811
    tuned.fail(tuned.suggest()[2])
    lines = run("studies", "why", "demo").splitlines()
    assert lines[-3:] == ["Trial 2, exit code 3: the last lines of its log:", "    a", "    b"]
    trials = json.loads(run("studies", "why", "demo", "-o", "json"))["trials"]
    failed = next(trial for trial in trials if trial["number"] == 2)
    assert (failed["exit_code"], failed["log_tail"], failed["problems"]) == (3, "a\nb", [])


def test_a_point_is_added_and_a_trial_is_ended_as_typed(run: Command, default_database: Database) -> None:  # noqa: F811
    tuned = Tuned(Store(default_database), declared())
    assert run("trials", "add", "demo", "x=1", "kind=b") == "x=1.0, kind=b is evaluated next, as trial 0 of demo@r.\n"
    first = tuned.suggest()[0]
    assert first.params == {"x": 1.0, "kind": "b"}
    assert "does not begin and is pruned" in run("trials", "end", "demo", str(first.number))
    assert [line.split(" ", 2)[2] for line in run("studies", "show", "demo").splitlines() if "T" in line[:11]] == [
        "added the point x=1.0, kind=b.",
        f"ended trial {first.number}.",
    ]
    with pytest.raises(SystemExit, match="as name=value, but got 'x'"):
        run("trials", "add", "demo", "x")
