"""Arguments that are called templated are."""

from __future__ import annotations

import inspect
import json
import pkgutil
import re
import warnings
from importlib import import_module
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, task

import airflow_hpo
import airflow_hpo.operators
import airflow_hpo.sensors
from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.metrics.source import File, Stdout
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.job import TrialJobOperator
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.pods.build.labels import PodIdentity
from airflow_hpo.pods.build.pod import author_manifest, completed
from airflow_hpo.task_groups.backends import ProcessTrial
from airflow_hpo.task_groups.compare import CompareTaskGroup
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup
from airflow_hpo.task_groups.pods import PodTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup
from airflow_hpo.triggers.trial_run import TrialPodRunTrigger
from airflow_hpo.triggers.trial_spec import PodTrialSpec
from tests.unit.operators.claimed import claimed_run

STUDY = Study(name="s", space={"x": Float(0, 1)}, objective="loss", max_trials=10, parallelism=2)
EVALUATED: dict[str, Any] = {
    "study": STUDY,
    "candidates": [{"name": "champion", "params": {"x": 0.5}}, {"name": "a", "params": {"x": 0.6}}],
    "scenarios": list("stuvw"),
    "trial": ProcessTrial(["run"]),
}
REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5}, seed=3)
IDENTITY = PodIdentity(REQUEST, 1, TaskRun("d", "run:1", "trial", 3, 1), "here")
PARAM = re.compile(r":param (\w+):((?:(?!:param |:raises |:returns ).)*)", re.S)


def operators() -> list[type[BaseOperator]]:
    found: dict[str, type[BaseOperator]] = {}
    for package in (airflow_hpo.operators, airflow_hpo.sensors):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            with warnings.catch_warnings():
                # old import paths name the new ones
                warnings.simplefilter("ignore", DeprecationWarning)
                loaded = import_module(module.name)
            for name, one in vars(loaded).items():
                if inspect.isclass(one) and issubclass(one, BaseOperator) and one.__module__ == module.name:
                    found[name] = one
    return [found[name] for name in sorted(found)]


@pytest.mark.parametrize("operator", operators(), ids=lambda one: one.__name__)
def test_what_a_docstring_calls_templated_is_a_template_field(operator: type[BaseOperator]) -> None:
    said = {name for name, text in PARAM.findall(operator.__doc__ or "") if "templated" in text.lower()}
    assert said <= set(operator.template_fields)


def test_a_docstring_that_calls_something_templated_is_found() -> None:
    said = {name for one in operators() for name, text in PARAM.findall(one.__doc__ or "") if "emplated" in text}
    assert {"command", "env", "cwd", "metrics", "image", "arguments", "name", "run", "edition"} <= said


GROUPS: dict[str, Any] = {
    "TuneTaskGroup": lambda **given: TuneTaskGroup(study=STUDY, trial=ProcessTrial(["run"]), **given),
    "EvaluateTaskGroup": lambda **given: EvaluateTaskGroup(**EVALUATED, **given),
    "CompareTaskGroup": lambda **given: CompareTaskGroup(**EVALUATED, **given),
}


def test_whatever_else_is_public_and_calls_an_argument_templated_is_known_here() -> None:
    calls = {name: getattr(airflow_hpo, name).__doc__ or "" for name in airflow_hpo.__all__ if name != "__version__"}
    said = {(name, a) for name, doc in calls.items() for a, text in PARAM.findall(doc) if "templated" in text.lower()}
    others = {(name, argument) for name, argument in said if name not in {one.__name__ for one in operators()}}
    assert others == {("File", "path"), *((name, "run") for name in GROUPS)}


@pytest.mark.parametrize("name", GROUPS)
def test_the_run_of_a_group_is_rendered_in_each_of_its_tasks(name: str) -> None:
    with DAG("d", schedule=None) as dag:
        GROUPS[name](run="{{ ds }}")
    fields = {
        (task.task_id, field): templated(task, field)
        for task in dag.tasks
        for field, value in vars(task).items()
        if not field.startswith("_") and "{{ ds }}" in str(value)
    }
    assert fields
    assert [where for where, is_rendered in fields.items() if not is_rendered] == []


def templated(task: Any, field: str) -> bool:
    """Whether a field that holds a template is rendered, or holds those of a mapped task, which render one by one."""
    return field in task.template_fields or field in ("partial_kwargs", "expand_input", "start_trigger_args")


def rendered(operator: type[BaseOperator], **arguments: Any) -> Any:
    one: Any = operator(task_id="trial", request=REQUEST.to_dict(), **arguments)
    one.run = claimed_run(REQUEST)
    one.render_template_fields({"trial": TrialView(REQUEST)})
    return one


@pytest.mark.parametrize(("operator", "name"), [(TrialProcessOperator, "command"), (TrialPodOperator, "image")])
@pytest.mark.parametrize("ending", ["log", "json"])
def test_the_path_of_a_file_is_rendered_for_each_trial(operator: type[BaseOperator], name: str, ending: str) -> None:
    declared = File("/m/metrics-{{ trial.number }}." + ending, step=None)
    arguments: dict[str, Any] = {name: ["run"] if name == "command" else "i"}
    assert rendered(operator, metrics=declared, **arguments).metrics == File(f"/m/metrics-7.{ending}", step=None)
    assert "{{" in declared.path


def pod_here(operator: type[BaseOperator] = TrialPodOperator, **arguments: Any) -> Any:
    one = rendered(operator, image="i", namespace="n", **arguments)
    return completed(author_manifest(one), IDENTITY, one.metrics)


def job_here(**arguments: Any) -> Any:
    return pod_here(TrialJobOperator, pods=2, **arguments)


def pod_there(**arguments: Any) -> Any:
    with DAG("d"):

        @task
        def suggest() -> list[dict[str, Any]]:
            return []

        mapped: Any = PodTrial("i", namespace="n", run_in="triggerer", **arguments).expand(suggest())
    spec = PodTrialSpec.from_dict(json.loads(json.dumps(mapped.start_trigger_args.trigger_kwargs["spec"])))
    context: Any = {"trial": TrialView(REQUEST)}
    trigger = TrialPodRunTrigger({}, {})
    metrics = spec.metrics.rendered(lambda path: str(trigger._rendered(path, context, True)))
    return completed(trigger._rendered(spec.manifest, context, True), IDENTITY, metrics)


@pytest.mark.parametrize("pod", [pod_here, job_here, pod_there])
@pytest.mark.parametrize("folder", ["/metrics", "/m-{{ trial.seed }}", "{{ '/late' }}"])
def test_the_reader_of_a_pod_follows_the_file_of_its_trial(pod: Any, folder: str) -> None:
    spec = pod(metrics=File(folder + "/{{ trial.number }}.log")).spec
    where = {"/metrics": "/metrics", "/m-{{ trial.seed }}": "/m-3"}.get(folder, "/late")
    reader = spec.init_containers[-1]
    assert reader.command[-1] == f"{where}/7.log"
    assert reader.volume_mounts[0].mount_path == spec.containers[0].volume_mounts[-1].mount_path == where


def test_a_path_that_becomes_empty_is_refused() -> None:
    with pytest.raises(DeclarationError, match="became an empty one"):
        rendered(TrialProcessOperator, command=["run"], metrics=File("{{ '' }}"))


def test_a_source_without_steps_is_the_same_after_a_journey() -> None:
    assert Stdout.from_dict(Stdout(step=None).to_dict()) == Stdout(step=None)


def tune(trial: ProcessTrial, study: Study = STUDY) -> None:
    with DAG("d"):
        TuneTaskGroup(study=study, trial=trial)


@pytest.mark.parametrize("path", ["m.log", "/tmp/m.log", "{{ ds }}.log"])
def test_one_file_for_trials_that_run_at_once_is_refused(path: str) -> None:
    trial = ProcessTrial(["run"], metrics=File(path))
    with pytest.raises(DeclarationError, match=r"metrics file each, but got .* for 2 of them.*trial.number"):
        tune(trial)
    with DAG("d"), pytest.raises(DeclarationError, match="for 2 of them"):
        EvaluateTaskGroup(study=STUDY, trial=trial, candidates=[{"name": "a", "params": {"x": 0.5}}], scenarios=["s"])


@pytest.mark.parametrize(
    ("path", "cwd"),
    [("m-{{ trial.number }}.log", None), ("m.log", "/runs/{{ trial.number }}"), ("{{ ti.map_index }}", ".")],
)
def test_a_file_of_its_own_is_none_to_refuse(path: str, cwd: str | None) -> None:
    tune(ProcessTrial(["run"], metrics=File(path), cwd=cwd))


def test_a_folder_of_its_own_does_not_help_a_path_from_the_root() -> None:
    with pytest.raises(DeclarationError, match=r"got '/tmp/m\.log'"):
        tune(ProcessTrial(["run"], metrics=File("/tmp/m.log"), cwd="/runs/{{ trial.number }}"))


def test_one_file_is_enough_for_trials_one_after_the_other() -> None:
    tune(ProcessTrial(["run"], metrics=File("m.log")), STUDY.model_copy(update={"parallelism": 1}))
    with DAG("d"):
        EvaluateTaskGroup(
            study=STUDY,
            trial=ProcessTrial(["run"], metrics=File("m.log")),
            candidates=[{"name": "a", "params": {"x": 0.5}}],
            scenarios=["s"],
            parallelism=1,
        )
