"""Every specification of tests/corpus becomes what its expected file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo import from_katib, from_trainer, from_wandb
from airflow_hpo.importers.dag_file import dag_file
from airflow_hpo.importers.findings import RefusedSpecificationError
from airflow_hpo.importers.imported import Imported
from tests.unit.importers.expected import (
    is_imported,
    wrong_files,
    wrong_notes,
    wrong_refusals,
    wrong_study,
    wrong_trial,
)

CORPUS = Path(__file__).parent.parent.parent / "corpus"
READERS = {"katib": from_katib, "wandb": from_wandb, "trainer": from_trainer}
CASES = {
    f"{system}/{path.stem}": json.loads(path.with_name(f"{path.stem}.expected.json").read_text())
    for system in READERS
    for path in (CORPUS / system).glob("*.yaml")
}
NAMES = sorted(CASES)
UNSAID = {"wandb/log_steps"}
"""W&B rounds to 0 there, which no logarithmic scale has."""
IMPORTED = [name for name in NAMES if is_imported(CASES[name]) and name not in UNSAID]


def result_of(name: str) -> Imported | RefusedSpecificationError:
    try:
        read = READERS[name.partition("/")[0]]
        return read((CORPUS / f"{name}.yaml").read_text(), **CASES[name].get("with", {}))
    except RefusedSpecificationError as err:
        return err


def imported(name: str) -> Imported:
    found = result_of(name)
    assert isinstance(found, Imported)
    return found


@pytest.mark.parametrize(("system", "cases", "good"), [("katib", 39, 27), ("wandb", 22, 19), ("trainer", 3, 2)])
def test_so_many_cases_are_imported(system: str, cases: int, good: int) -> None:
    results = [result_of(name) for name in NAMES if name.startswith(f"{system}/")]
    assert (len(results), sum(isinstance(each, Imported) for each in results)) == (cases, good)


@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_imported_or_refused_as_expected(name: str) -> None:
    case, found = CASES[name], result_of(name)
    if isinstance(found, RefusedSpecificationError):
        assert case["outcome"] in ("refused", "either") or name not in IMPORTED
        assert wrong_refusals(case, found.refusals) == []
    else:
        assert case["outcome"] == "imported"
        assert wrong_notes(case, found.notes) == []
        assert wrong_study(case, found.study, found.notes) == []
        assert wrong_trial(case, found) == []


@pytest.mark.parametrize("name", IMPORTED)
def test_the_written_dag_declares_the_same(name: str) -> None:
    found = imported(name)
    names: dict[str, Any] = {"__name__": "dag"}
    exec(compile(dag_file(found, "specification.yaml"), name, "exec"), names)
    assert names["study"] == found.study
    assert type(names["trial"]) is type(found.trial)
    assert names["trial"].arguments == found.trial.arguments


def test_the_written_dags_are_formatted_and_name_no_importer(tmp_path: Path) -> None:
    for name in IMPORTED:
        (tmp_path / f"{name.replace('/', '_')}.py").write_text(dag_file(imported(name), "specification.yaml"))
    assert wrong_files(tmp_path) == []


@pytest.mark.parametrize("name", IMPORTED)
def test_every_note_stands_in_the_written_dag(name: str) -> None:
    found = imported(name)
    text = " ".join(dag_file(found, "specification.yaml").replace("#", "").split())
    assert [note.path for note in found.notes if " ".join(note.sentence.split()) not in text] == []
