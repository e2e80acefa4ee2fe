from __future__ import annotations

import logging
from typing import Any

import pytest
from airflow.providers.cncf.kubernetes.operators import pod as provider
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from kubernetes.client import (
    ApiClient,
    V1Container,
    V1ContainerPort,
    V1EnvFromSource,
    V1EnvVar,
    V1HostAlias,
    V1LocalObjectReference,
    V1Pod,
    V1PodDNSConfig,
    V1PodSpec,
    V1ResourceRequirements,
    V1SecretEnvSource,
    V1Toleration,
    V1Volume,
    V1VolumeMount,
)

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.build.labels import PodIdentity
from airflow_hpo.pods.build.pod import author_manifest, built, completed
from airflow_hpo.pods.jobs import JobsAsPods

REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5}, seed=3)
IDENTITY = PodIdentity(REQUEST, 2, TaskRun("d", "run:1", "trial", 3, 1), "here")

EVERYTHING: dict[str, Any] = {
    "namespace": "n",
    "image": "trial:1",
    "name": "sim",
    "cmds": ["sh"],
    "arguments": ["-c", "true"],
    "ports": [V1ContainerPort(container_port=80)],
    "volume_mounts": [V1VolumeMount(name="data", mount_path="/data")],
    "volumes": [V1Volume(name="data")],
    "env_vars": {"A": "1"},
    "env_from": [V1EnvFromSource(secret_ref=V1SecretEnvSource(name="s"))],
    "secrets": [Secret("env", "TOKEN", "s", "token")],
    "labels": {"team": "a", "empty": None},
    "base_container_name": "main",
    "image_pull_policy": "Always",
    "annotations": {"note": "b"},
    "container_resources": V1ResourceRequirements(requests={"cpu": "1"}),
    "affinity": {"nodeAffinity": {}},
    "runtime_class_name": "gvisor",
    "node_selector": {"pool": "gpu"},
    "image_pull_secrets": [V1LocalObjectReference(name="pull")],
    "service_account_name": "sa",
    "automount_service_account_token": False,
    "hostnetwork": True,
    "host_aliases": [V1HostAlias(ip="10.0.0.1", hostnames=["h"])],
    "tolerations": [V1Toleration(key="spot")],
    "security_context": {"fsGroup": 5},
    "container_security_context": {"runAsUser": 7},
    "dnspolicy": "None",
    "dns_config": V1PodDNSConfig(nameservers=["10.0.0.2"]),
    "hostname": "trial",
    "subdomain": "trials",
    "schedulername": "other",
    "init_containers": [V1Container(name="i", image="i")],
    "priority_class_name": "low",
    "pod_runtime_info_envs": [V1EnvVar(name="B", value="2")],
    "termination_grace_period": 5,
    "configmaps": ["c"],
    "termination_message_policy": "FallbackToLogsOnError",
    "active_deadline_seconds": 60,
    "full_pod_spec": V1Pod(
        spec=V1PodSpec(containers=[V1Container(name="base", tty=True)], set_hostname_as_fqdn=True, volumes=[])
    ),
}
"""Every argument of a KubernetesPodOperator that says something about its pod."""


def plain(pod: Any) -> Any:
    return ApiClient().sanitize_for_serialization(pod)


def test_the_manifest_of_every_argument_is_the_pod_that_the_base_class_builds() -> None:
    def author() -> KubernetesPodOperator:
        return KubernetesPodOperator(task_id="t", random_name_suffix=False, **EVERYTHING)

    theirs = plain(author().build_pod_request_obj(dry_run=True))
    theirs["metadata"]["labels"].pop("airflow_version")
    assert author_manifest(author()) == theirs


def test_a_trials_variables_bring_no_configurations_that_every_copy_of_the_pod_would_copy() -> None:
    author = KubernetesPodOperator(task_id="t", **EVERYTHING)
    pod = completed(author_manifest(author), IDENTITY, Stdout())
    variables = pod.spec.containers[0].env
    assert len(variables) > 5
    assert all(one.local_vars_configuration is pod.local_vars_configuration for one in variables)


def test_the_policy_of_the_cluster_sees_the_pod_once_and_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(provider, "pod_mutation_hook", lambda pod: seen.append(plain(pod)))
    author = KubernetesPodOperator(task_id="t", **EVERYTHING)
    complete = completed(author_manifest(author), IDENTITY, Stdout())
    expected = plain(complete)
    pod = built(complete, None, Connection(), logging.getLogger(__name__), dry_run=True)
    assert seen == [plain(pod)]
    seen[0]["metadata"]["labels"].pop("airflow_version")
    assert seen[0] == expected
    assert seen[0]["metadata"]["name"] == IDENTITY.name("sim")


TOKEN = {"spec": {"containers": [{"name": "base"}], "automountServiceAccountToken": True}}


@pytest.mark.parametrize(
    ("given", "mounted"),
    [
        ({}, False),
        ({"service_account_name": "trainer"}, False),
        ({"pod_template_dict": {"spec": {"containers": [{"name": "base"}]}}}, False),
        ({"automount_service_account_token": True}, True),
        ({"pod_template_dict": TOKEN}, True),
        ({"full_pod_spec": V1Pod(spec=V1PodSpec(containers=[], automount_service_account_token=True))}, True),
        ({"pod_template_dict": TOKEN, "automount_service_account_token": False}, False),
    ],
    ids=str,
)
def test_a_pod_has_the_token_of_its_account_only_when_its_author_asks(given: dict[str, Any], mounted: bool) -> None:
    author = KubernetesPodOperator(task_id="t", image="i", **given)
    manifest = author_manifest(author)
    assert manifest["spec"]["automountServiceAccountToken"] is mounted
    pod = built(completed(manifest, IDENTITY, Stdout()), None, Connection(), logging.getLogger(__name__), dry_run=True)
    assert plain(pod)["spec"]["automountServiceAccountToken"] is mounted
    job = JobsAsPods(None, None, 2).job(pod)
    assert plain(job)["spec"]["template"]["spec"]["automountServiceAccountToken"] is mounted
