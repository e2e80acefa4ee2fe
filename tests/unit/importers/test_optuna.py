"""Every database of tests/corpus becomes what its expected file says, and databases that Optuna writes today do."""

from __future__ import annotations

import argparse
import json
import sqlite3
from pathlib import Path
from typing import Any

import optuna
import pytest

from airflow_hpo import Categorical, Float, Int, from_optuna
from airflow_hpo.cli.importing import import_
from airflow_hpo.core.results_file import results_of
from airflow_hpo.core.space.parameter import same_params
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.dag_file import dag_file
from airflow_hpo.importers.findings import RefusedSpecificationError
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.optuna import database
from airflow_hpo.importers.systems import system_of
from tests.unit.importers.expected import wrong_notes, wrong_refusals, wrong_study

CORPUS = Path(__file__).parent.parent.parent / "corpus" / "optuna"
CASES = {path.stem: json.loads(path.with_suffix(".expected.json").read_text()) for path in CORPUS.glob("*.sql")}
NAMES = sorted(CASES)
IMPORTED = [name for name in NAMES if CASES[name]["outcome"] == "imported"]


def written(folder: Path, sql: str) -> Path:
    path = folder / "study.db"
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.close()
    return path


def result_of(folder: Path, name: str) -> Imported | RefusedSpecificationError:
    try:
        return from_optuna(written(folder, (CORPUS / f"{name}.sql").read_text()), **CASES[name]["with"])
    except RefusedSpecificationError as err:
        return err


def imported(folder: Path, name: str) -> Imported:
    found = result_of(folder, name)
    assert isinstance(found, Imported)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_imported_or_refused_as_expected(tmp_path: Path, name: str) -> None:
    case, found = CASES[name], result_of(tmp_path, name)
    if isinstance(found, RefusedSpecificationError):
        assert case["outcome"] in ("refused", "either")
        assert wrong_refusals(case, found.refusals) == []
    else:
        assert case["outcome"] == "imported"
        assert wrong_study(case, found.study, found.notes) == []
        assert wrong_notes(case, found.notes) == []


@pytest.mark.parametrize("name", IMPORTED)
def test_the_written_dag_declares_the_same(tmp_path: Path, name: str) -> None:
    found = imported(tmp_path, name)
    names: dict[str, Any] = {"__name__": "dag"}
    exec(compile(dag_file(found, "study.db"), name, "exec"), names)
    assert names["study"] == found.study
    with pytest.raises(NotImplementedError, match="Put the objective"):
        names["train"](None)


@pytest.mark.parametrize("name", IMPORTED)
def test_every_complete_trial_is_a_result_of_the_study(tmp_path: Path, name: str) -> None:
    found = imported(tmp_path, name)
    (tmp_path / "results.csv").write_text(found.results)
    results = results_of(str(tmp_path / "results.csv"), found.study)
    theirs = optuna.load_study(study_name=found.study.name, storage=f"sqlite:///{tmp_path / 'study.db'}")
    complete = [each for each in theirs.trials if each.state == optuna.trial.TrialState.COMPLETE]
    assert {*results.left_out} <= {"a point that an earlier row has"}
    assert [each.number for each in complete] == [int(row.split(",")[0]) for row in found.results.splitlines()[1:]]
    better = max if found.study.objective.direction == "maximize" else min
    best = better(results.trials, key=lambda each: each.value or 0.0)
    assert best.value == theirs.best_value
    assert same_params(best.params, theirs.best_params)


def study(folder: Path, objective: Any, name: str = "breeze", count: int = 12, **options: Any) -> Path:
    made = optuna.create_study(study_name=name, storage=f"sqlite:///{folder / 'study.db'}", **options)
    made.optimize(objective, n_trials=count)
    return folder / "study.db"


def refused(path: Path, **options: Any) -> dict[str, str]:
    with pytest.raises(RefusedSpecificationError) as told:
        from_optuna(path, **options)
    return {each.path: each.sentence for each in told.value.refusals}


def test_what_a_database_does_not_say_is_told_at_once(tmp_path: Path) -> None:
    told = refused(study(tmp_path, lambda trial: trial.suggest_float("x", 0, 1)))
    assert {*told} == {"metric", "max_trials"}
    assert "--metric" in told["metric"]


def test_one_of_several_studies_is_named(tmp_path: Path) -> None:
    study(tmp_path, lambda trial: trial.suggest_float("x", 0, 1), "one")
    path = study(tmp_path, lambda trial: trial.suggest_int("n", 1, 9), "two")
    assert "'one', 'two'" in refused(path, metric="loss", max_trials=5)["study_name"]
    assert "but got 'three'" in refused(path, study="three")["study_name"]
    found = from_optuna(path, study="two", metric="loss", max_trials=5)
    assert dict(found.study.space) == {"n": Int(1, 9)}


def test_a_grid_of_some_values_has_these_as_choices(tmp_path: Path) -> None:
    sampler = optuna.samplers.GridSampler({"x": [0.1, 0.5], "n": [1, 2, 3]}, seed=1)
    path = study(tmp_path, lambda t: t.suggest_float("x", 0, 1) + t.suggest_int("n", 1, 3), sampler=sampler)
    found = from_optuna(path, metric="loss", max_trials=6)
    assert dict(found.study.space) == {"x": Categorical([0.1, 0.5]), "n": Int(1, 3)}
    assert [each.path for each in found.notes if each.path == "x"] == ["x"]


def test_conditions_follow_each_other(tmp_path: Path) -> None:
    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("net", ["cnn", "mlp"]) == "mlp" and trial.suggest_categorical(
            "drop", [True, False]
        ):
            return trial.suggest_float("rate", 0, 0.9)
        return 1.0

    path = study(tmp_path, objective, count=30, sampler=optuna.samplers.RandomSampler(seed=1))
    space = from_optuna(path, metric="loss", max_trials=6).study.space
    assert (space["drop"].when, space["rate"].when) == ({"net": ["mlp"]}, {"drop": [True]})


def test_a_parameter_that_no_other_explains_exists_always(tmp_path: Path) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        return trial.suggest_float("y", 0, 1) if x < 0.5 else 1.0

    path = study(tmp_path, objective, sampler=optuna.samplers.RandomSampler(seed=1))
    found = from_optuna(path, metric="loss", max_trials=6)
    assert found.study.space["y"] == Float(0.0, 1.0)
    assert ("y", "differs") in [(each.path, each.level.value) for each in found.notes]


def test_a_database_stays_as_it_was(tmp_path: Path) -> None:
    path = study(tmp_path, lambda trial: trial.suggest_float("x", 0, 1))
    path.chmod(0o444)
    before = path.read_bytes()
    from_optuna(path, metric="loss", max_trials=5)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["study.db"]


PICKLE = "cos\nsystem\n(S'touch stolen'\ntR."


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("DROP TABLE studies", "no such table"),
        ("UPDATE trial_params SET distribution_json = 'x'", "no distribution"),
        (f"UPDATE trial_params SET distribution_json = '{PICKLE.replace(chr(39), chr(39) * 2)}'", "no distribution"),
        ("UPDATE trial_params SET distribution_json = '{\"name\": \"Odd\", \"attributes\": {}}'", "no distribution"),
        ("UPDATE trial_params SET param_value = 'x'", "no number"),
        ("UPDATE studies SET study_name = x'80'", "no text"),
        ("UPDATE trial_system_attributes SET value_json = '{'", "no JSON"),
        ("ALTER TABLE trials RENAME TO others; CREATE VIEW trials AS WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 "
         "FROM a) SELECT n AS trial_id, n AS number, 1 AS study_id, 'COMPLETE' AS state FROM a", "more than|interrupted"),
    ],
)  # fmt: skip
def test_a_database_that_optuna_did_not_write_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, why: str
) -> None:
    monkeypatch.setattr(database, "MOST_STEPS", 3)
    path = written(tmp_path, (CORPUS / "waiting.sql").read_text())
    connection = sqlite3.connect(path)
    connection.executescript(change)
    connection.close()
    with pytest.raises(DeclarationError, match=why):
        from_optuna(path, max_trials=5)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"x" * 200, b"no database at all"])
def test_a_file_that_is_no_database_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "study.db").write_bytes(content)
    with pytest.raises(DeclarationError, match="SQLite database that Optuna 3 or later wrote"):
        from_optuna(tmp_path / "study.db")


def run(file: Path, **options: Any) -> None:
    names = ("output", "source", "name", "max_trials", "objective", "study", "metric")
    import_(argparse.Namespace(**{"file": str(file), "run_file": False, **dict.fromkeys(names), **options}))


def test_the_command_writes_the_results_beside_the_dag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "tune_rain.py"
    run(written(tmp_path, (CORPUS / "plain.sql").read_text()), output=str(target), max_trials=40)
    names: dict[str, Any] = {"__name__": "dag", "__file__": str(target)}
    exec(target.read_text(), names)
    warm_start = names["study"].warm_start
    assert warm_start.results == str(tmp_path / "tune_rain_results.csv")
    assert len(results_of(warm_start.results, names["study"]).trials) == warm_start.trials
    assert "keep the two files together" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="exists"):
        run(tmp_path / "study.db", output=str(target.with_name("tune_rain.py")), max_trials=40)


def test_without_a_file_to_write_it_is_said_that_results_are_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(written(tmp_path, (CORPUS / "plain.sql").read_text()), max_trials=40)
    assert "give -o" in capsys.readouterr().err


def test_a_database_is_recognised_by_its_first_bytes() -> None:
    assert system_of(b"SQLite format 3\0...") == "optuna"
