from __future__ import annotations

import asyncio
import importlib
import json
from dataclasses import asdict, replace

import pytest
from kubernetes.client import V1Container, V1EnvVar, V1Pod, V1PodSpec

from airflow_hpo.core.metrics.source import File
from airflow_hpo.hooks.secrets import hidden
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.triggers import pod as pod_trigger
from airflow_hpo.triggers.pod import TrialPodTrigger
from tests.unit.pods.kubernetes_double import PATIENT

ARGUMENTS = {
    "pod_name": "p",
    "pod_namespace": "n",
    "connection": asdict(Connection("kubernetes_default", config_file="/etc/kube")),
    "options": asdict(replace(PATIENT, deadline=12.5, execution_timeout=3.0)),
    "edition": "s@r",
    "number": 7,
    "attempt": 2,
    "source": File("/metrics/m.log").to_dict(),
    "hpo_conn_id": "studies",
    "delete_on_kill": False,
    "end_task": True,
    "grace_period": 5,
}


def test_a_trigger_is_rebuilt_from_json() -> None:
    path, arguments = TrialPodTrigger(**ARGUMENTS).serialize()  # type: ignore[arg-type]
    module, _, name = path.rpartition(".")
    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)
    assert arguments == ARGUMENTS


BEFORE = {
    "pod_name": "p",
    "pod_namespace": "n",
    "connection": {"conn_id": "kubernetes_default", "in_cluster": None, "config_file": None, "cluster_context": None},
    "options": {
        "container": "base",
        "metrics_container": None,
        "schedule_timeout": 3600.0,
        "startup_timeout": 900.0,
        "startup_check_interval": 5.0,
        "poll_interval": 10.0,
        "api_timeout": 600.0,
        "report_interval": 1.0,
        "ending_interval": 2.0,
        "deadline": None,
        "execution_timeout": None,
    },
    "edition": "demo@r",
    "number": 0,
    "attempt": 1,
    "source": {"format": "text", "timestamps": False, "step": "step", "type": "stdout"},
    "hpo_conn_id": "hpo_default",
    "delete_on_kill": True,
    "grace_period": None,
    "end_task": True,
}
"""As the version before wrote it."""


def test_a_trigger_of_the_version_before_is_read() -> None:
    _, arguments = TrialPodTrigger(**BEFORE).serialize()  # type: ignore[arg-type]
    assert {**BEFORE, **arguments} == {**arguments, "source": arguments["source"]}
    assert arguments["options"] == {**BEFORE["options"], "no_news_after": None, "begun": None, "log_events": False}


def test_what_the_worker_has_masked_in_the_pod_is_masked_in_the_triggerer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    env = [V1EnvVar(name="RATE", value="0.125"), V1EnvVar(name="X", value="known-to-the-worker")]
    pod = V1Pod(spec=V1PodSpec(containers=[V1Container(name="base", env=env)]))

    async def read_pod(*where: object) -> V1Pod:
        return pod

    monkeypatch.setattr(pod_trigger, "read_pod", read_pod)
    trigger = TrialPodTrigger(**ARGUMENTS, masked={"1": "***"})  # type: ignore[arg-type]
    _, arguments = trigger.serialize()
    assert arguments == {**ARGUMENTS, "masked": {"1": "***"}}
    asyncio.run(trigger._learn_secrets())
    assert hidden("0.125 known-to-the-worker") == "0.125 ***"


def test_without_a_secret_in_it_the_pod_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pod_trigger, "read_pod")
    asyncio.run(TrialPodTrigger(**ARGUMENTS)._learn_secrets())  # type: ignore[arg-type]
