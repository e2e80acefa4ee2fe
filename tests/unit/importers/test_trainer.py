"""Rules of the reader of OptimizationJobs that the corpus does not show."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from airflow_hpo import Int, Objective, from_trainer
from airflow_hpo.importers.findings import RefusedSpecificationError
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.systems import system_of
from tests.unit.importers.expected import rendered

TRAINER: dict[str, Any] = {"image": "registry.example.com/t:3", "command": ["python", "train.py"]}
JOB: dict[str, Any] = {
    "apiVersion": "trainer.kubeflow.org/v1alpha1",
    "kind": "OptimizationJob",
    "metadata": {"name": "lander", "namespace": "tuning"},
    "spec": {
        "objectives": [{"metric": "val_loss"}],
        "parameters": [{"name": "lr", "searchSpace": {"uniform": {"min": "0.01", "max": "0.1"}}}],
        "numTrials": 4,
        "trainJobTemplate": {"spec": {"runtimeRef": {"name": "torch-distributed"}, "trainer": TRAINER}},
    },
}


def imported(changes: dict[str, Any], **options: Any) -> Imported:
    """Return what becomes of the job with other values at some paths; None takes a field away."""
    data = copy.deepcopy(JOB)
    for path, value in changes.items():
        *parents, last = path.split(".")
        inner: Any = data
        for name in parents:
            inner = inner[name]
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    return from_trainer(json.dumps(data), **options)


def refused(changes: dict[str, Any], **options: Any) -> dict[str, str]:
    with pytest.raises(RefusedSpecificationError) as told:
        imported(changes, **options)
    return {each.path: each.sentence for each in told.value.refusals}


def parameter(ranges: dict[str, Any]) -> dict[str, Any]:
    return {"spec.parameters": [{"name": "x", "searchSpace": ranges}]}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"apiVersion": "trainer.kubeflow.org/v1beta1"}, "apiVersion"),
        ({"spec.objectives": [{"metric": "a"}, {"metric": "b"}]}, "spec.objectives"),
        ({"spec.numTrials": None}, "spec.numTrials"),
        ({"spec.searchAlgorithm": {"random": {}, "grid": {}}}, "spec.searchAlgorithm"),
        ({"spec.searchAlgorithm": {"tpe": {}}}, "spec.searchAlgorithm.tpe"),
        ({"spec.searchAlgorithm": {"grid": {}}}, "spec"),
        ({"spec.trainJobTemplate.spec.suspend": True}, "spec.trainJobTemplate.spec.suspend"),
        ({"spec.trainJobTemplate.spec.runtimePatches": [{}]}, "spec.trainJobTemplate.spec.runtimePatches"),
        ({"spec.trainJobTemplate.spec.trainer": {**TRAINER, "numNodes": 2}}, "spec.trainJobTemplate.spec.trainer.numNodes"),
        ({"spec.trainJobTemplate.spec.trainer": {**TRAINER, "numProcPerNode": 4}}, "spec.trainJobTemplate.spec.trainer.numProcPerNode"),
        ({"spec.trainJobTemplate.spec.trainer": {**TRAINER, "env": [{"nam": "A"}]}}, "spec.trainJobTemplate.spec.trainer.env[0].nam"),
        (parameter({}), "spec.parameters[x].searchSpace"),
        (parameter({"uniform": {"min": "1"}}), "spec.parameters[x].searchSpace.uniform.max"),
        (parameter({"uniform": {"min": "1", "max": "x"}}), "spec.parameters[x].searchSpace.uniform.max"),
        (parameter({"uniform": {"min": "2", "max": "1"}}), "spec.parameters[x].searchSpace.uniform"),
        (parameter({"logUniform": {"min": "1.5", "max": "9", "type": "Int"}}), "spec.parameters[x].searchSpace.logUniform.min"),
        (parameter({"categorical": {"choices": ["a", "a"]}}), "spec.parameters[x].searchSpace.categorical.choices"),
        (parameter({"categorical": {"choices": ["a"]}, "uniform": {"min": "1", "max": "2"}}), "spec.parameters[x].searchSpace.categorical"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_by_its_path(changes: dict[str, Any], path: str) -> None:
    assert [*refused(changes)] == [path]


def test_whole_numbers_on_a_logarithmic_scale() -> None:
    found = imported(parameter({"logUniform": {"min": "1", "max": "64", "type": "Int"}}))
    assert dict(found.study.space) == {"x": Int(1, 64, log=True)}


def test_an_objective_without_a_name_is_the_loss() -> None:
    assert imported({"spec.objectives": [{}]}).study.objective == Objective("loss", direction="minimize")


def test_name_and_number_may_be_given() -> None:
    study = imported({"spec.numTrials": None}, name="probe", max_trials=7).study
    assert (study.name, study.max_trials, study.parallelism) == ("probe", 7, 1)


def test_part_of_a_grid_is_told() -> None:
    found = imported(
        {**parameter({"categorical": {"choices": ["a", "b", "c", "d", "e"]}}), "spec.searchAlgorithm": {"grid": {}}}
    )
    assert "spec.numTrials" in [each.path for each in found.notes]


def test_braces_of_the_file_reach_the_program_as_they_are() -> None:
    trainer = {**TRAINER, "args": ["{{ x }}"], "env": [{"name": "A", "value": "{% if %}"}]}
    pod = rendered(imported({"spec.trainJobTemplate.spec.trainer": trainer}).trial, {"lr": 0.05})
    container = pod["spec"]["containers"][0]
    variables = {each["name"]: each.get("value") for each in container["env"]}
    assert container["args"] == ["{{ x }}"]
    assert (variables["A"], variables["KUBEFLOW_TRAINER_OPT_LR"]) == ("{% if %}", "0.05")


def test_a_name_that_cannot_be_had_is_another_here_and_the_same_in_the_pod() -> None:
    found = imported({"spec.parameters": [{"name": "1st", "searchSpace": {"categorical": {"choices": ["a", "b"]}}}]})
    name = next(iter(found.study.space))
    variables = {
        each["name"]: each.get("value") for each in rendered(found.trial, {name: "b"})["spec"]["containers"][0]["env"]
    }
    assert variables["KUBEFLOW_TRAINER_OPT_1ST"] == "b"
    assert ("spec.parameters[1st].name", "renamed") in [(each.path, each.level.value) for each in found.notes]


def test_an_optimization_job_is_recognised() -> None:
    assert system_of(json.dumps(JOB)) == "trainer"
