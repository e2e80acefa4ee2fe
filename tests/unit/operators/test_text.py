"""Arguments of programs are text, however the DAG renders its templates."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from airflow.sdk import DAG, task
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions.context import render_template_to_string
from kubernetes.client import ApiClient, V1EnvVar

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.space.space import Categorical
from airflow_hpo.core.study import Study
from airflow_hpo.core.templates import text_templates
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.job import TrialJobOperator
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.pods.build.labels import PodIdentity
from airflow_hpo.pods.build.pod import author_manifest, completed
from airflow_hpo.task_groups.backends import ProcessTrial, PythonTrial
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup
from airflow_hpo.task_groups.jobs import JobTrial
from airflow_hpo.task_groups.pods import PodTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup
from airflow_hpo.triggers.trial_run import TrialPodRunTrigger
from airflow_hpo.triggers.trial_spec import PodTrialSpec
from tests.unit.operators.claimed import claimed_run

PARAMS = {"version": "1_0", "flag": True, "off": False, "none": None, "n": 3, "x": 1e-05}
REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params=PARAMS, seed=3)
IDENTITY = PodIdentity(REQUEST, 1, TaskRun("d", "run:1", "trial", 3, 1), "here")
WRITTEN = ["{{ trial.params." + name + " }}" for name in PARAMS]
READ = ["1_0", "true", "false", "", "3", "1e-05"]
NATIVE: Any = {"render_template_as_native_obj": True}


def rendered(operator: type[BaseOperator], *, text_values: bool = True, **arguments: Any) -> Any:
    """A mapped task of a DAG that renders templates as Python objects, rendered as Airflow does it."""
    with DAG("d", **NATIVE):
        mapped = operator.partial(task_id="trial", **arguments).expand(request=[REQUEST.to_dict()])
    one: Any = mapped.unmap({"request": REQUEST.to_dict()})
    one.run = claimed_run(REQUEST, text_values=text_values)
    context: Any = {"trial": TrialView(REQUEST), "count": 5}
    one._do_render_template_fields(one, mapped.template_fields, context, mapped.get_template_env(), set())
    return one


def pod_here(operator: type[BaseOperator] = TrialPodOperator, **arguments: Any) -> Any:
    one = rendered(operator, image="i", namespace="n", **arguments)
    return ApiClient().sanitize_for_serialization(completed(author_manifest(one), IDENTITY, one.metrics))


def job_here(**arguments: Any) -> Any:
    return pod_here(TrialJobOperator, pods=2, **arguments)


def pod_there(**arguments: Any) -> Any:
    with DAG("d", **NATIVE):

        @task
        def suggest() -> list[dict[str, Any]]:
            return []

        mapped: Any = PodTrial("i", namespace="n", run_in="triggerer", **arguments).expand(suggest())
    spec = PodTrialSpec.from_dict(json.loads(json.dumps(mapped.start_trigger_args.trigger_kwargs["spec"])))
    trigger = TrialPodRunTrigger({}, {})
    trigger_context: Any = {"trial": TrialView(REQUEST)}
    manifest = trigger._rendered(spec.manifest, trigger_context, True)
    return ApiClient().sanitize_for_serialization(completed(manifest, IDENTITY, spec.metrics))


PODS = pytest.mark.parametrize("pod", [pod_here, job_here, pod_there])


def test_a_command_is_text_and_spells_values_as_variables_do() -> None:
    one = rendered(TrialProcessOperator, command=["run", *WRITTEN], env={"V": "{{ trial.params.version }}"}, cwd="1_0")
    assert one.command == ["run", *READ]
    assert (one.env, one.cwd) == ({"V": "1_0"}, "1_0")


def test_values_are_spelled_as_the_variables_of_the_trial_are() -> None:
    variables = REQUEST.environment()
    assert [variables[f"HPO_PARAM_{name.upper()}"] for name in PARAMS] == READ


@PODS
def test_a_pod_is_text_and_spells_values_as_variables_do(pod: Any) -> None:
    found = pod(
        cmds=["1_0"],
        arguments=WRITTEN,
        env_vars={"V": "{{ trial.params.version }}", "F": "{{ trial.params.flag }}"},
        labels={"version": "{{ trial.params.version }}"},
        annotations={"n": "{{ trial.params.n }}"},
        hostname="{{ trial.params.n }}",
    )
    [base] = found["spec"]["containers"]
    assert (base["command"], base["args"]) == (["1_0"], READ)
    variables = {one["name"]: one.get("value") for one in base["env"]}
    assert (variables["V"], variables["F"]) == ("1_0", "true")
    assert found["metadata"]["labels"]["version"] == "1_0"
    assert found["metadata"]["annotations"]["n"] == "3"
    assert found["spec"]["hostname"] == "3"


@PODS
def test_numbers_and_booleans_in_a_pod_s_variables_and_labels_become_text(pod: Any) -> None:
    found = pod(env_vars={"N": 5, "F": False, "E": None}, labels={"n": 5, "f": True}, annotations={"n": 1.5})
    variables = {one["name"]: one.get("value") for one in found["spec"]["containers"][0]["env"]}
    assert (variables["N"], variables["F"], variables["E"]) == ("5", "false", "")
    assert found["metadata"]["labels"].items() >= {"n": "5", "f": "true"}.items()
    assert found["metadata"]["annotations"]["n"] == "1.5"


def test_numbers_in_kubernetes_own_variables_become_text() -> None:
    [one] = [one for one in pod_here(env_vars=[V1EnvVar("N", 5)])["spec"]["containers"][0]["env"] if one["name"] == "N"]
    assert one["value"] == "5"


def test_a_boolean_is_still_one_in_conditions() -> None:
    template = (
        "{% if trial.params.off %}wrong{% elif trial.params.none is none %}{{ trial.params.flag | tojson }}{% endif %}"
    )
    assert rendered(TrialProcessOperator, command=[template]).command == ["true"]


def test_an_edition_of_before_goes_on_with_pythons_spelling_as_text() -> None:
    one = rendered(TrialProcessOperator, text_values=False, command=WRITTEN)
    assert one.command == ["1_0", "True", "False", "None", "3", "1e-05"]


def test_the_authors_filters_and_macros_are_known() -> None:
    with DAG("d", user_defined_macros={"one": 1}, user_defined_filters={"more": lambda n: n + 1}, **NATIVE) as dag:
        pass
    templates = text_templates(dag.get_template_env(), as_variables=True)
    assert render_template_to_string(templates.from_string("{{ one | more }}"), {}) == "2"


WRONG: Any = [[1], {"a": 1}, len, b"bytes"]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize(
    ("name", "declare"),
    [
        ("env", lambda env: ProcessTrial(["run"], env=env)),
        ("env", lambda env: TrialProcessOperator(task_id="t", request={}, command=["run"], env=env)),
        ("env_vars", lambda env: PodTrial("i", env_vars=env)),
        ("env_vars", lambda env: JobTrial("i", pods=2, env_vars=env)),
        ("env_vars", lambda env: TrialPodOperator(task_id="t", request={}, image="i", env_vars=env)),
    ],
    ids=["ProcessTrial", "TrialProcessOperator", "PodTrial", "JobTrial", "TrialPodOperator"],
)
def test_other_types_are_refused_by_the_variables_name(name: str, declare: Any, value: Any) -> None:
    with pytest.raises(DeclarationError, match=f"value in `{name}` .* got 'SIZES': a \\w+. .*json.dumps"):
        declare({"SIZES": value})


def test_the_output_of_a_task_is_a_variable_once_it_is_there() -> None:
    with DAG("d"):

        @task
        def size() -> int:
            return 3

        trial = ProcessTrial(["run"], env={"N": size(), "M": 3})
    assert trial.arguments["env"]["M"] == "3"
    assert trial.arguments["env"]["N"].operator.task_id == "size"


def declared(*choices: Any) -> Study:
    return Study(name="s", space={"x": Categorical(list(choices))}, objective="loss", max_trials=10)


def evaluate(**arguments: Any) -> EvaluateTaskGroup:
    return EvaluateTaskGroup(candidates=[{"name": "a", "params": {"x": "1"}}], scenarios=["s"], **arguments)


TWINS: Any = [("1", 1), (1.5, "1.5"), ("true", True), ("", None)]
PROGRAMS: Any = [ProcessTrial(["run"]), PodTrial("i"), JobTrial("i", pods=2)]


@pytest.mark.parametrize("choices", TWINS, ids=repr)
@pytest.mark.parametrize("trial", PROGRAMS, ids=lambda trial: type(trial).__name__)
@pytest.mark.parametrize("group", [TuneTaskGroup, evaluate], ids=["tune", "evaluate"])
def test_choices_that_are_one_text_are_refused_where_a_program_gets_them(group: Any, trial: Any, choices: Any) -> None:
    with DAG("d"), pytest.raises(DeclarationError, match=r"cannot tell .* choices of 'x'.*PythonTrial"):
        group(study=declared(*choices), trial=trial)


@pytest.mark.parametrize("choices", TWINS, ids=repr)
def test_a_function_can_tell_them_apart(choices: Any) -> None:
    with DAG("d"):
        TuneTaskGroup(study=declared(*choices), trial=PythonTrial(len))  # type: ignore[arg-type]


@pytest.mark.parametrize("choices", [(0, False), (1, True), (1, 1.0), (0.0, False)], ids=repr)
def test_choices_that_optuna_cannot_tell_apart_are_refused_always(choices: Any) -> None:
    with pytest.raises(DeclarationError, match="Choices must differ"):
        declared(*choices)


@PODS
def test_python_in_a_pod_prints_at_once_unless_its_author_says_otherwise(pod: Any) -> None:
    def said(**arguments: Any) -> list[str | None]:
        [base] = pod(**arguments)["spec"]["containers"]
        return [one.get("value") for one in base["env"] if one["name"] == "PYTHONUNBUFFERED"]

    assert said() == ["1"]
    assert said(env_vars={"PYTHONUNBUFFERED": ""}) == [""]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"command": ["python", "a\0b"]}, "['python', 'ab']"),
        ({"command": [""]}, "['python', 'train.py']"),
        ({"command": {"python": 1}}, "['python', 'train.py']"),
        ({"command": b"python train.py"}, "['python', 'train.py']"),
        ({"command": ["python"], "env": {"A=B": "x"}}, "got 'A=B'"),
        ({"command": ["python"], "env": {"": "x"}}, "got ''"),
        ({"command": ["python"], "env": {1: "x"}}, "got 1"),
    ],
)
def test_what_no_program_can_be_started_with_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(words)):
        ProcessTrial(**arguments)


def test_a_study_with_more_batches_than_a_dag_holds_is_refused() -> None:
    space = {"x": Categorical(["a", "b"])}
    study = Study(name="s", space=space, objective="loss", max_trials=10**7, parallelism=2)
    with DAG("d"), pytest.raises(DeclarationError, match="batches at most"):
        TuneTaskGroup("tune", study=study, trial=ProcessTrial(["python"]))
