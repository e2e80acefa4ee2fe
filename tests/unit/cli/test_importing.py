"""``airflow hpo import``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.cli.importing import import_
from tests.unit.importers.experiments import experiment

SWEEP = "program: fit.py\nname: breeze\nmethod: random\nparameters: {lr: {min: 0.1, max: 0.2}}\n"
SEARCH = "from hyperopt import hp\nspace = hp.uniform('x', 0, 1)\nfmin = {'max_evals': 9}\n"
TUNING_JOB = '{"HyperParameterTuningJobConfig": {}}'


def run(file: Path, **options: Any) -> None:
    given = {
        "file": str(file),
        "output": None,
        "source": None,
        "name": None,
        "max_trials": None,
        "objective": None,
        "run_file": False,
        "study": None,
        "metric": None,
        **options,
    }
    import_(argparse.Namespace(**given))


def written(folder: Path, text: str) -> Path:
    path = folder / "tides.yaml"
    path.write_text(text)
    return path


def test_the_dag_is_written_and_the_notes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "tune_tides.py"
    run(written(tmp_path, experiment({"spec.resumePolicy": "LongRunning"})), output=str(target))
    names: dict[str, Any] = {"__name__": "dag"}
    exec(target.read_text(), names)
    said = capsys.readouterr()
    assert names["study"].name == "tides"
    assert said.out == ""
    assert said.err.startswith("left out: spec.resumePolicy: ")
    assert said.err.endswith("airflow dags test tune_tides\n")


def test_without_a_file_to_write_the_dag_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(written(tmp_path, experiment({})), max_trials=7, name="waves")
    said = capsys.readouterr()
    assert said.out.startswith('"""Study waves, imported from tides.yaml (Katib)."""\n')
    assert "max_trials=7" in said.out
    assert said.err == ""


def test_refusals_are_told_line_by_line_and_nothing_is_written(tmp_path: Path) -> None:
    target = tmp_path / "tune_tides.py"
    with pytest.raises(SystemExit) as told:
        run(written(tmp_path, experiment({"spec.maxTrialCount": None, "spec.x": 1})), output=str(target))
    assert len(str(told.value).splitlines()) == 3
    assert not target.exists()


def test_a_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    file = written(tmp_path, experiment({}))
    with pytest.raises(SystemExit, match="exists"):
        run(file, output=str(file))


@pytest.mark.parametrize(
    ("text", "why"), [(TUNING_JOB, "a tuning job of SageMaker"), ("a: 1", "looks like none"), ("", "looks like none")]
)
def test_another_system_is_refused_by_its_name(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(SystemExit, match=why):
        run(written(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="No such file"):
        run(tmp_path / "none.yaml")


def test_what_a_sweep_does_not_say_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(written(tmp_path, SWEEP), max_trials=9, objective="maximize:acc")
    assert 'Objective("acc", direction="maximize")' in capsys.readouterr().out


def test_what_a_file_says_itself_is_not_given(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="says its objective itself"):
        run(written(tmp_path, experiment({})), objective="minimize:loss")
    with pytest.raises(SystemExit, match="Write minimize:loss"):
        run(written(tmp_path, SWEEP), objective="min:loss")


def test_a_file_that_is_python_is_run_only_when_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, SEARCH)
    with pytest.raises(SystemExit, match=r"run_file=False.*\(--run-file\)"):
        run(file, name="breeze")
    run(file, name="breeze", run_file=True)
    assert 'space={"x": Float(0.0, 1.0)}' in capsys.readouterr().out
