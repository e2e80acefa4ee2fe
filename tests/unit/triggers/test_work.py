"""A trial that is claimed in a triggerer and one that is claimed in a worker have one fingerprint."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.cncf.kubernetes.secret import Secret
from airflow.sdk import DAG, task
from kubernetes.client import V1PersistentVolumeClaimVolumeSource, V1Volume

from airflow_hpo.core.metrics.source import File
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.core.work import Work
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.work import rendered_work
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.task_groups.pods import PodTrial
from airflow_hpo.triggers.trial_run import TrialPodRunTrigger

REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5, "flag": True}, seed=3)
CONTEXT: Any = {
    "ti": SimpleNamespace(run_id="r", try_number=1),
    "params": {"image": "trainer:1"},
    "run_id": "r",
    "ds": "2026-03-01",
}
ARGUMENTS: dict[str, Any] = {
    "image": "{{ params.image }}",
    "cmds": ["train", "config.json"],
    "arguments": [
        "--x={{ trial.params.x }}",
        "--flag={{ trial.params.flag }}",
        "--day={{ ds }}",
        "--n={{ trial.number }}",
    ],
    "env_vars": {"TRY": "{{ ti.try_number }}", "ON": True, "NOTHING": None},
    "init_containers": [],
    "secrets": [Secret("env", "TOKEN", "tokens", "token")],
    "volumes": [
        V1Volume(name="data", persistent_volume_claim=V1PersistentVolumeClaimVolumeSource(claim_name="d-{{ run_id }}"))
    ],
    "metrics": File("/metrics/{{ trial.number }}.json", format="json"),
    "namespace": "n",
}


def in_worker(folder: Path, context: Any = CONTEXT, **changes: Any) -> Work:
    dag = DAG("tune")
    dag.fileloc = str(folder / "dag.py")
    one = TrialPodOperator(task_id="trial", request=REQUEST.to_dict(), dag=dag, **{**ARGUMENTS, **changes})
    given = (one.work(), one.work_arguments(context), one.metrics, one.files_work(), REQUEST, context)
    return rendered_work(*given, one.get_template_env())


def in_triggerer(folder: Path, context: Any = CONTEXT, **changes: Any) -> Work:
    with DAG("tune") as dag:
        dag.fileloc = str(folder / "dag.py")

        @task
        def suggest() -> list[dict[str, Any]]:
            return []

        mapped = PodTrial(run_in="triggerer", **{**ARGUMENTS, **changes}).expand(suggest(), retries=2)
    start = mapped.start_trigger_args
    assert start
    assert start.trigger_kwargs
    trigger = TrialPodRunTrigger(**json.loads(json.dumps(start.trigger_kwargs)))
    return trigger._work(trigger.spec(), REQUEST, context)


def test_worker_and_triggerer_agree(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("1")
    assert in_worker(tmp_path, code=["train.py"]) == in_triggerer(tmp_path, code=["train.py"])


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "other"},
        {"env_vars": {"ON": False}},
        {"secrets": [Secret("env", "TOKEN", "others", "token")]},
        {"volumes": []},
        {"metrics": File("/metrics/{{ trial.number }}.csv", format="csv")},
        {"context": {**CONTEXT, "ds": "2026-06-01"}},
        {"context": {**CONTEXT, "params": {"image": "trainer:2"}}},
    ],
)
def test_what_has_changed_counts_in_both(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert in_worker(tmp_path, **changes) == in_triggerer(tmp_path, **changes) != in_worker(tmp_path)


@pytest.mark.parametrize("changes", [{"poll_interval": 3}, {"container_resources": {"limits": {"cpu": "1"}}}])
def test_how_a_pod_is_run_and_watched_does_not_count(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert in_worker(tmp_path, **changes) == in_worker(tmp_path)


def test_a_file_that_has_changed_counts_in_both(tmp_path: Path) -> None:
    template = tmp_path / "pod.yaml"
    works = set()
    for content in ("kind: Pod\n", "kind: Pod\nmetadata: {}\n"):
        template.write_text(content)
        given: dict[str, Any] = {"pod_template_file": str(template)}
        assert in_worker(tmp_path, **given) == in_triggerer(tmp_path, **given)
        works.add(in_worker(tmp_path, **given).files)
    assert len(works) == 2


def test_code_of_a_trial_in_the_triggerer_must_be_there_when_the_dag_is_parsed(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=f"there is no '{tmp_path}/train.py'"):
        in_triggerer(tmp_path, code=["train.py"])


def test_a_trigger_that_an_earlier_version_stored_has_its_fingerprint_alone(tmp_path: Path) -> None:
    with DAG("tune"):
        spec = TrialPodOperator(task_id="trial", request={}, **ARGUMENTS).spec().to_dict()
    before = {name: value for name, value in spec.items() if name not in ("arguments", "files")}
    trigger = TrialPodRunTrigger({}, json.loads(json.dumps(before)))
    assert str(trigger._work(trigger.spec(), REQUEST, CONTEXT)) == before["work"]
