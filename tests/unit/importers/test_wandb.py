"""Rules of the reader of W&B's sweeps that the corpus does not show."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_hpo import Float, Objective, TuneTaskGroup, from_wandb
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.findings import RefusedSpecificationError
from airflow_hpo.importers.imported import Imported
from tests.unit.importers.expected import command

SWEEP: dict[str, Any] = {
    "program": "fit.py",
    "name": "breeze",
    "method": "random",
    "run_cap": 20,
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.001, "max": 0.1}},
}


def imported(changes: dict[str, Any], **options: Any) -> Imported:
    data = {**copy.deepcopy(SWEEP), **changes}
    return from_wandb(json.dumps({name: value for name, value in data.items() if value is not None}), **options)


def refused(changes: dict[str, Any], **options: Any) -> dict[str, str]:
    try:
        imported(changes, **options)
    except RefusedSpecificationError as err:
        return {each.path: each.sentence for each in err.refusals}
    return {}


def notes(changes: dict[str, Any], **options: Any) -> dict[str, str]:
    found = {each.path: each.level.value for each in imported(changes, **options).notes}
    assert found.pop("metric.name") == "differs"
    return found


def run_by(changes: dict[str, Any], **params: Any) -> list[str]:
    return command(imported(changes).trial, params)


def test_a_sweep_runs_as_a_task_group() -> None:
    found = imported({"command": ["python", "${program}", "${args_no_boolean_flags}"]})
    with DAG("tune"):
        group = TuneTaskGroup("tune", study=found.study, trial=found.trial)
    assert group.study.max_trials == 20


@pytest.mark.parametrize(
    ("changes", "path", "word"),
    [
        ({"methood": "grid", "method": None}, "methood", "'method'"),
        ({"method": "Bayes"}, "method", "'bayes'"),
        ({"runcap": 3, "run_cap": None}, "runcap", "'run_cap'"),
        ({"parameters": {"lr": {"min": 0.1, "maximum": 1}}}, "parameters.lr.maximum", "There is no such field"),
        ({"parameters": {"lr": {"min": "0.1", "max": 1}}}, "parameters.lr.min", "'0.1'"),
        (
            {"parameters": {"lr": {"distribution": "loguniform", "min": 1, "max": 2}}},
            "parameters.lr.distribution",
            "log_uniform",
        ),
        ({"parameters": {"lr": {"distribution": "beta", "a": 1, "b": 2}}}, "parameters.lr.distribution", "beta"),
        ({"parameters": {"lr": {"min": 0, "max": 1.5, "distribution": "log_uniform_values"}}}, "parameters.lr", "low"),
        ({"parameters": {"lr": {"values": [1, True]}}}, "parameters.lr.values", "Choices must differ"),
        ({"method": "grid"}, "parameters.lr", "A grid needs values"),
        ({"metrics": [{"name": "a"}, {"name": "b"}], "metric": None}, "metrics", "one objective"),
        ({"early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 1.5}}, "early_terminate.eta", "whole number"),
        ({"early_terminate": {"type": "envelope"}}, "early_terminate.type", "hyperband"),
        ({"command": ["${program}", "${args_json_file}"]}, "command[1]", "args_json"),
        ({"command": ["${program}", "${envvar:HOME}"]}, "command[1]", "read the variable"),
        ({"command": ["${program}", "x ${args}"]}, "command[1]", "a part of its own"),
        ({"command": ["${programm}"]}, "command[0]", "'program'"),
        ({"program": None}, "program", "train.py"),
        ({"job": "a/b:latest"}, "job", "image_uri"),
        ({"name": None}, "name", "--name"),
    ],
)
def test_what_cannot_be_had_is_refused_with_what_can(changes: dict[str, Any], path: str, word: str) -> None:
    told = refused(changes)
    assert list(told) == [path] or path in told
    assert word in told[path]


def test_steps_lie_on_multiples_and_a_note_says_so_where_the_bounds_do_not() -> None:
    steps = {"parameters": {"lr": {"distribution": "q_uniform", "min": 1, "max": 8, "q": 3}}}
    assert imported(steps).study.space == {"lr": Float(0.0, 9.0, step=3.0)}
    assert notes(steps) == {"parameters.lr.q": "differs"}


def test_one_metric_of_a_list_is_the_objective() -> None:
    change = {"metric": None, "metrics": [{"name": "acc", "goal": "maximize"}]}
    assert imported(change).study.objective == Objective("acc", direction="maximize")


@pytest.mark.parametrize("given", [Objective("acc", "maximize"), {"metric": "acc", "direction": "maximize"}])
def test_an_objective_is_given_where_the_sweep_has_none(given: Any) -> None:
    found = imported({"metric": None}, objective=given)
    assert (found.study.objective.metric, found.study.objective.direction) == ("acc", "maximize")


def test_an_objective_that_the_sweep_has_is_not_given_again() -> None:
    assert list(refused({}, objective="loss")) == ["metric"]


def test_a_name_with_blanks_is_another_one() -> None:
    assert imported({"name": "my first sweep"}).study.name == "my_first_sweep"
    assert notes({"name": "my first sweep"}) == {"name": "renamed"}


def test_values_of_mixed_kinds_are_spelled_as_python_spells_them_also_in_dictionaries() -> None:
    values = [0.1, "a'b", None, True]
    change = {"parameters": {"o": {"parameters": {"k": {"values": values}}}, "k": {"values": values}}}
    for value in values:
        params = {"o.k": value, "k": value}
        assert run_by(change, **params)[3:] == [f"--k={value}", f"--o={{'k': {value!r}}}"]


def test_lists_in_dictionaries_and_in_json_are_lists() -> None:
    parameters = {"o": {"parameters": {"k": {"values": [[1, 2], [3]]}}}}
    assert run_by({"parameters": parameters}, **{"o.k": "[1, 2]"})[3:] == ["--o={'k': [1, 2]}"]
    as_json = {"parameters": parameters, "command": ["python", "${program}", "${args_json}"]}
    assert run_by(as_json, **{"o.k": "[3]"})[2:] == ['{"o": {"k": [3]}}']


def test_braces_and_shell_variables_in_a_command_reach_the_program_as_they_stand() -> None:
    parts = ["sh", "-c", "echo ${HOME} {{ x }} {%", "${program}"]
    assert run_by({"command": parts}, lr=0.1) == ["sh", "-c", "echo ${HOME} {{ x }} {%", "fit.py"]


def test_without_brackets_before_the_last_step_no_run_is_given_up() -> None:
    change = {"early_terminate": {"type": "hyperband", "max_iter": 27}}
    assert imported(change).study.pruner.name == "none"
    assert notes(change) == {"early_terminate.max_iter": "left_out"}


def test_a_file_of_two_documents_is_no_sweep() -> None:
    with pytest.raises(DeclarationError, match="one sweep of W&B, but got 2"):
        from_wandb(f"{json.dumps(SWEEP)}\n---\n{json.dumps(SWEEP)}")
