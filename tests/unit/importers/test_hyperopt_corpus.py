"""Every Hyperopt file of tests/corpus becomes what its expected file says."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo import from_hyperopt
from airflow_hpo.core.space.parameter import Categorical
from airflow_hpo.core.study import Study
from airflow_hpo.importers.dag_file import dag_file
from airflow_hpo.importers.findings import RefusedSpecificationError
from airflow_hpo.importers.imported import Imported
from tests.unit.importers.expected import is_imported, wrong_files, wrong_notes, wrong_refusals, wrong_study

CORPUS = Path(__file__).parent.parent.parent / "corpus" / "hyperopt"
CASES = {path.stem: json.loads(path.with_suffix(".expected.json").read_text()) for path in CORPUS.glob("*.py")}
NAMES = sorted(CASES)
IMPORTED = [name for name in NAMES if is_imported(CASES[name])]


@cache
def result_of(name: str) -> Imported | RefusedSpecificationError:
    try:
        return from_hyperopt((CORPUS / f"{name}.py").read_text(), run_file=True, **CASES[name]["with"])
    except RefusedSpecificationError as err:
        return err


def imported(name: str) -> Imported:
    found = result_of(name)
    assert isinstance(found, Imported)
    return found


def choice(study: Study, name: str, number: int) -> Any:
    parameter = study.space[name]
    assert isinstance(parameter, Categorical)
    return parameter.choices[number]


def in_names(space: dict[str, Any], study: Study) -> dict[str, Any]:
    """Return an expected space with the names that the branches have here."""
    found = {}
    for name, each in space.items():
        made = dict(each)
        if "branches" in made:
            parameter = study.space[name]
            assert isinstance(parameter, Categorical)
            assert len(parameter.choices) == made.pop("branches")
        if "when" in made:
            made["when"] = {
                above: [choice(study, above, number) for number in those["branches"]] if "branches" in those else those
                for above, those in made["when"].items()
            }
        found[name] = made
    return found


def as_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_lists(each) for name, each in value.items()}
    return [as_lists(each) for each in value] if isinstance(value, list | tuple) else value


def names_of(name: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "dag"}
    exec(compile(dag_file(imported(name), "search.py"), name, "exec"), names)
    return names


def test_so_many_cases_are_imported() -> None:
    assert (len(NAMES), sum(isinstance(result_of(name), Imported) for name in NAMES)) == (16, 14)


@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_imported_or_refused_as_expected(name: str) -> None:
    case, found = CASES[name], result_of(name)
    if isinstance(found, RefusedSpecificationError):
        assert case["outcome"] == "refused" or not is_imported(case)
        assert wrong_refusals(case, found.refusals) == []
    else:
        assert name in IMPORTED
        expected = {**case["study"], "space": in_names(case["study"]["space"], found.study)}
        assert wrong_study({**case, "study": expected}, found.study, found.notes) == []
        assert wrong_notes(case, found.notes) == []


@pytest.mark.parametrize("name", IMPORTED)
def test_the_objective_gets_what_it_got_from_hyperopt(name: str) -> None:
    names = names_of(name)
    study = names["study"]
    for each in CASES[name]["structure"]:
        params = {
            label: choice(study, label, value["branch"]) if isinstance(value, dict) else value
            for label, value in each["params"].items()
        }
        got = as_lists(names["point"](params))
        assert json.dumps(got) == json.dumps(each["value"])


@pytest.mark.parametrize("name", IMPORTED)
def test_the_written_dag_declares_the_same(name: str) -> None:
    names = names_of(name)
    assert names["study"] == imported(name).study
    assert names["trial"].arguments["function"] is names["train"]


def test_the_written_dags_are_formatted_and_name_no_importer(tmp_path: Path) -> None:
    for name in IMPORTED:
        (tmp_path / f"{name}.py").write_text(dag_file(imported(name), "search.py"))
    assert wrong_files(tmp_path) == []


@pytest.mark.parametrize("name", IMPORTED)
def test_every_note_stands_in_the_written_dag(name: str) -> None:
    found = imported(name)
    text = " ".join(dag_file(found, "search.py").replace("#", "").split())
    assert [note.path for note in found.notes if " ".join(note.sentence.split()) not in text] == []
