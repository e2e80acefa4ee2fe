"""Rules of the reader of Katib that the corpus does not show."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_hpo import Float, Int, Stdout, TuneTaskGroup, from_katib
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.dag_file import dag_file
from tests.unit.importers.expected import rendered
from tests.unit.importers.experiments import CONTAINER, experiment, imported, notes, refused

FIRST = "spec.parameters.0"
SPACE = f"{FIRST}.feasibleSpace"
TEMPLATE = "spec.trialTemplate"
JOB = f"{TEMPLATE}.trialSpec.spec"
POD = f"{JOB}.template.spec"


def test_an_experiment_runs_as_a_task_group() -> None:
    found = imported({})
    with DAG("tune"):
        group = TuneTaskGroup("tune", study=found.study, trial=found.trial)
    assert group.study.max_trials == 20


def test_all_refusals_are_told_at_once_with_their_paths() -> None:
    changes = {"spec.maxTrialCount": None, "spec.objective.type": "minimise", f"{FIRST}.parameterType": "float"}
    with pytest.raises(DeclarationError) as told:
        from_katib(experiment(changes))
    lines = str(told.value).splitlines()
    assert lines[0] == "The Experiment cannot be imported for 3 things:"
    assert {line.partition(": ")[0] for line in lines[1:]} == {
        "spec.maxTrialCount",
        "spec.objective.type",
        "spec.parameters[lr].parameterType",
    }


@pytest.mark.parametrize(
    ("changes", "path", "word"),
    [
        ({"spec.goal": 1}, "spec.goal", "There are"),
        ({"spec.objective.goall": 1}, "spec.objective.goall", "'goal'"),
        (
            {f"{POD}.containers.0.imagePullpolicy": "Always"},
            f"{POD}.containers[trainer].imagePullpolicy",
            "imagePullPolicy",
        ),
        ({f"{POD}.nodeSelectors": {}}, f"{POD}.nodeSelectors", "'nodeSelector'"),
        ({f"{JOB}.backofflimit": 1}, f"{JOB}.backofflimit", "'backoffLimit'"),
        ({f"{SPACE}.max": 0.2}, "spec.parameters[lr].feasibleSpace.max", '"0.2"'),
        ({f"{SPACE}.max": "high"}, "spec.parameters[lr].feasibleSpace.max", "'high'"),
        ({f"{SPACE}.min": "5"}, "spec.parameters[lr].feasibleSpace", "low"),
        ({f"{SPACE}.list": ["1"]}, "spec.parameters[lr].feasibleSpace.list", "min and max"),
        ({"spec.algorithm.algorithmName": "grid"}, "spec.parameters[lr].feasibleSpace.step", "step"),
        ({f"{TEMPLATE}.primaryContainerName": "trainr"}, f"{TEMPLATE}.primaryContainerName", "'trainer'"),
        ({f"{TEMPLATE}.trialParameters.0.reference": "l"}, f"{TEMPLATE}.trialParameters[lr].reference", "lr"),
        ({f"{POD}.containers.0.args": ["${trialParameters.rl}"]}, f"{TEMPLATE}.trialSpec", "There are lr"),
        ({f"{POD}.containers.0.args": []}, f"{TEMPLATE}.trialParameters[lr]", "Nothing in the template"),
        ({f"{TEMPLATE}.trialSpec.metadata": {"name": "x"}}, f"{TEMPLATE}.trialSpec.metadata.name", "Leave it out"),
        ({f"{JOB}.suspend": True}, f"{JOB}.suspend", "Leave it out"),
        ({"spec.earlyStopping": {"algorithmName": "median"}}, "spec.earlyStopping.algorithmName", "'medianstop'"),
        ({"metadata.name": None}, "metadata.name", "--name"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_nearest_word_that_can(
    changes: dict[str, Any], path: str, word: str
) -> None:
    told = refused(changes)
    assert path in told
    assert word in told[path]


def test_a_boolean_of_yaml_where_a_text_is_wanted_is_told_with_its_quotes() -> None:
    change = {FIRST: {"name": "lr", "parameterType": "categorical", "feasibleSpace": {"list": [True, "sgd"]}}}
    assert "yes, on and true as one boolean" in refused(change)["spec.parameters[lr].feasibleSpace.list[0]"]


@pytest.mark.parametrize(
    ("algorithm", "bounds", "parameter", "noted"),
    [
        ("random", {"min": "1", "max": "8", "step": "3"}, Int(0, 9, step=3), True),
        ("tpe", {"min": "3", "max": "9", "step": "3"}, Int(3, 9, step=3), False),
        ("multivariate-tpe", {"min": "1", "max": "8", "step": "3"}, Int(1, 8, step=3), False),
        ("random", {"min": "1", "max": "8"}, Int(1, 8), False),
        ("random", {"min": "1", "max": "8", "step": "1", "distribution": "logUniform"}, Int(1, 8, log=True), False),
    ],
)
def test_steps_are_counted_from_multiples_where_hyperopt_does_and_from_min_elsewhere(
    algorithm: str, bounds: dict[str, str], parameter: Int, noted: bool
) -> None:
    change = {
        "spec.algorithm.algorithmName": algorithm,
        FIRST: {"name": "lr", "parameterType": "int", "feasibleSpace": bounds},
    }
    found = imported(change)
    assert found.study.space["lr"] == parameter
    assert ("spec.parameters[lr].feasibleSpace.step" in notes(change)) is noted


@pytest.mark.parametrize(
    ("texts", "choices"),
    [
        (["1", "2.5"], [1, 2.5]),
        (["1", "1.0"], ["1", "1.0"]),
        (["1e-3", "1"], ["1e-3", "1"]),
        (["01", "2"], ["01", "2"]),
        (["-3", "0"], [-3, 0]),
    ],
)
def test_a_discrete_list_is_numbers_where_every_text_is_that_of_its_number(
    texts: list[str], choices: list[Any]
) -> None:
    change = {FIRST: {"name": "lr", "parameterType": "discrete", "feasibleSpace": {"list": texts}}}
    assert imported(change).study.space["lr"].to_dict()["choices"] == choices


def test_a_name_that_cannot_be_had_is_another_one_and_is_filled_in_all_the_same() -> None:
    change = {
        f"{FIRST}.name": "--lr",
        f"{TEMPLATE}.trialParameters.0.reference": "--lr",
    }
    found = imported(change)
    assert list(found.study.space) == ["lr"]
    assert notes(change) == {"spec.parameters[--lr].name": "renamed"}
    assert rendered(found.trial, {"lr": 0.1})["spec"]["containers"][0]["args"] == ["--lr=0.1"]


def test_two_names_that_are_one_variable_differ_here() -> None:
    parameter = {"parameterType": "double", "feasibleSpace": {"min": "0.1", "max": "0.2"}}
    args = ["${trialParameters.a}", "${trialParameters.b}"]
    change = {
        "spec.parameters": [{"name": "a-b", **parameter}, {"name": "a_b", **parameter}],
        f"{TEMPLATE}.trialParameters": [{"name": "a", "reference": "a-b"}, {"name": "b", "reference": "a_b"}],
        f"{POD}.containers.0.args": args,
    }
    found = imported(change)
    assert list(found.study.space) == ["a-b", "a_b_2"]
    params = {"a-b": 0.1, "a_b_2": 0.2}
    assert rendered(found.trial, params)["spec"]["containers"][0]["args"] == ["0.1", "0.2"]


def test_a_filter_that_ends_in_the_middle_of_a_number_is_noted() -> None:
    change = {"spec.metricsCollectorSpec": {"source": {"filter": {"metricsFormat": [r"(?P<n>\w+)=(\d+)"]}}}}
    assert notes(change) == {"spec.metricsCollectorSpec.source.filter.metricsFormat": "differs"}
    assert imported(change).trial.arguments["metrics"] == Stdout(filter=r"(\w+)=(\d+)", step=None)


def test_an_expression_that_python_cannot_say_is_refused() -> None:
    change = {"spec.metricsCollectorSpec": {"source": {"filter": {"metricsFormat": [r"(\pL+)=(\S+)"]}}}}
    assert list(refused(change)) == ["spec.metricsCollectorSpec.source.filter.metricsFormat"]


def test_a_metrics_file_in_a_folder_that_the_pod_mounts_is_refused() -> None:
    mount = {"name": "data", "mountPath": "/data"}
    change = {
        "spec.metricsCollectorSpec": {
            "collector": {"kind": "File"},
            "source": {"fileSystemPath": {"path": "/data/m.log"}},
        },
        f"{POD}.containers": [{**CONTAINER, "volumeMounts": [mount]}],
    }
    assert list(refused(change)) == ["spec.metricsCollectorSpec.source.fileSystemPath.path"]


def test_the_worst_value_of_a_trial_is_no_objective() -> None:
    change = {"spec.objective.metricStrategies": [{"name": "rmse", "value": "max"}]}
    assert list(refused(change)) == ["spec.objective.metricStrategies[rmse]"]


def test_a_pytorch_job_of_unlike_pods_is_refused_and_one_of_a_master_alone_is_a_pod() -> None:
    template = {"spec": {"containers": [{**CONTAINER, "name": "pytorch"}]}}
    other = {"spec": {"containers": [{**CONTAINER, "name": "pytorch", "image": "other"}]}}

    def of(replicas: dict[str, Any]) -> dict[str, Any]:
        job = {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "spec": {"pytorchReplicaSpecs": replicas}}
        return {f"{TEMPLATE}.trialSpec": job, f"{TEMPLATE}.primaryContainerName": "pytorch"}

    unlike = of({"Master": {"template": template}, "Worker": {"replicas": 2, "template": other}})
    assert list(refused(unlike)) == [f"{TEMPLATE}.trialSpec.kind"]
    alone = imported(of({"Master": {"replicas": 1, "template": template}}))
    variables = {
        one["name"]: one.get("value") for one in rendered(alone.trial, {"lr": 0.1})["spec"]["containers"][0]["env"]
    }
    assert (type(alone.trial).__name__, variables["WORLD_SIZE"], variables["RANK"]) == ("PodTrial", "1", "0")


def test_a_program_is_tried_again_as_often_as_the_job_says() -> None:
    found = imported({f"{JOB}.backoffLimit": 8})
    assert (found.trial.arguments["program_retries"], found.trial.arguments["retries"]) == (8, 8)


def test_a_script_of_several_lines_reaches_the_shell_as_it_stands() -> None:
    script = "set -e\nif [[ $X == {{a}} ]]; then\n  python fit.py --lr ${trialParameters.lr}\nfi\n"
    found = imported({f"{POD}.containers.0.args": ["-c", script]})
    wanted = script.replace("${trialParameters.lr}", "0.1")
    assert rendered(found.trial, {"lr": 0.1})["spec"]["containers"][0]["args"] == ["-c", wanted]
    names: dict[str, Any] = {}
    exec(dag_file(found, 'x""".yaml\\'), names)
    assert names["trial"].arguments == found.trial.arguments


def test_what_the_file_does_not_say_is_given_with_it() -> None:
    found = imported({"metadata.name": None, "spec.maxTrialCount": None}, name="waves", max_trials=7)
    assert (found.study.name, found.study.max_trials) == ("waves", 7)


def test_a_file_with_two_experiments_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"one Experiment of .*, but got 2"):
        from_katib(f"{experiment({})}\n---\n{experiment({})}")


def test_another_object_in_the_file_is_left_out_with_a_note() -> None:
    claim = '{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}'
    found = from_katib(f"{claim}\n---\n{experiment({})}")
    assert [(note.path, note.level.value) for note in found.notes] == [("PersistentVolumeClaim[data]", "left_out")]


def test_a_uniform_double_is_a_float() -> None:
    assert imported({}).study.space == {"lr": Float(0.01, 0.2)}
