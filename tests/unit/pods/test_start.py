from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from kubernetes.client import ApiException, V1ObjectMeta, V1Pod, V1PodStatus

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import TrialFailedError
from airflow_hpo.pods.build.labels import ENDED, PodIdentity
from airflow_hpo.pods.job_names import INDEX
from airflow_hpo.pods.start import Lineage, PodStarter
from tests.unit.pods.kubernetes_double import NOW

REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5}, seed=3)
IDENTITY = PodIdentity(REQUEST, 3, TaskRun("d", "r", "trial", 3, 3), "here")


def pod_of(attempt: int = 3, phase: str = "Running", age: int = 0, **meta: Any) -> V1Pod:
    one = replace(IDENTITY, attempt=attempt, task=replace(IDENTITY.task, try_number=attempt))
    created = NOW - timedelta(seconds=age)
    meta = {"labels": one.labels(), "annotations": one.annotations(), **meta}
    metadata = V1ObjectMeta(name=one.name(), namespace="n", creation_timestamp=created, **meta)
    return V1Pod(metadata=metadata, status=V1PodStatus(phase=phase))


class Core:
    """The API server's answers about pods."""

    def __init__(self, *pods: V1Pod, refuses: ApiException | None = None) -> None:
        self.pods = list(pods)
        self.refuses = refuses
        self.created: list[V1Pod] = []
        self.deleted: list[str] = []

    def list_namespaced_pod(self, namespace: str, label_selector: str) -> Any:
        return SimpleNamespace(items=self.pods)

    def create_namespaced_pod(self, namespace: str, pod: V1Pod) -> V1Pod:
        if self.refuses:
            raise self.refuses
        self.created.append(pod)
        return pod

    def read_namespaced_pod(self, name: str, namespace: str) -> V1Pod:
        return pod_of()

    def delete_namespaced_pod(self, name: str, namespace: str) -> None:
        self.deleted.append(name)


def start(core: Core, unseen: Collection[int] = (3,), blameless: Collection[int] = (), first: bool = False) -> V1Pod:
    starter = PodStarter(core, IDENTITY, Lineage(unseen, blameless, first=first))
    started: V1Pod = starter.earlier(pod_of().metadata.namespace) or starter.create(pod_of())
    return started


def refusal(status: int, **body: Any) -> ApiException:
    err = ApiException(status=status, reason="No")
    err.body = json.dumps(body)
    return err


def test_a_first_attempt_creates_its_pod() -> None:
    core = Core()
    assert [start(core)] == core.created


def test_where_nothing_can_be_left_nothing_is_looked_for() -> None:
    core = Core(pod_of(1))
    start(core, {3}, first=True)
    assert (len(core.created), core.deleted) == (1, [])


def test_a_first_attempt_whose_triggerer_died_takes_up_its_pod() -> None:
    core = Core(refuses=refusal(409, reason="AlreadyExists"))
    assert start(core, {3}, first=True).metadata.name == IDENTITY.name()


def test_the_newest_pod_whose_end_nobody_saw_is_taken_up_and_others_go() -> None:
    old, new = pod_of(1, age=60), pod_of(2)
    core = Core(old, new)
    assert start(core, {1, 2, 3}) is new
    assert (core.created, core.deleted) == ([], [old.metadata.name])


@pytest.mark.parametrize(
    "pod",
    [
        pod_of(2),
        pod_of(1, labels={**IDENTITY.labels(), "airflow-hpo/params": "0" * 16}),
        pod_of(1, annotations={}),
    ],
    ids=["its end was seen", "other parameters", "another edition"],
)
def test_a_pod_that_does_not_fit_is_deleted_and_not_taken_up(pod: V1Pod) -> None:
    core = Core(pod)
    assert start(core, {1, 3}) is not pod
    assert core.deleted == [pod.metadata.name]


@pytest.mark.parametrize(
    ("left", "waits"),
    [
        (pod_of(1), True),
        (pod_of(1, deletion_timestamp=NOW), True),
        (pod_of(1, deletion_timestamp=NOW - timedelta(days=9)), False),
        (pod_of(1, "Failed", deletion_timestamp=NOW), False),
        (pod_of(1, deletion_timestamp=NOW, labels={**pod_of(1).metadata.labels, INDEX: "1"}), True),
        (pod_of(1, labels={**pod_of(1).metadata.labels, ENDED: "true"}), False),
    ],
    ids=["deleted now", "still ends", "node is lost", "has ended", "another of its Job", "kept"],
)
@time_machine.travel(NOW, tick=False)
def test_no_pod_is_started_beside_one_of_an_earlier_try_that_may_still_run(left: V1Pod, waits: bool) -> None:
    starter = PodStarter(Core(left), IDENTITY, Lineage((3,)))
    assert starter.earlier("n") is None
    assert starter.remaining == ([left.metadata.name] if waits else [])


def test_a_pod_that_is_being_deleted_is_neither_taken_up_nor_deleted_again() -> None:
    core = Core(pod_of(1, deletion_timestamp=NOW))
    start(core, {1, 3})
    assert (len(core.created), core.deleted) == (1, [])


@pytest.mark.parametrize(("phase", "taken"), [("Running", True), ("Succeeded", True), ("Failed", False)])
def test_after_the_clusters_failure_a_pod_is_taken_up_unless_it_failed(phase: str, taken: bool) -> None:
    pod = pod_of(2, phase)
    assert (start(Core(pod), {3}, {2}) is pod) is taken


def test_a_pod_whose_creation_was_not_answered_is_found() -> None:
    core = Core(refuses=refusal(409, reason="AlreadyExists"))
    assert start(core).metadata.name == IDENTITY.name()


@pytest.mark.parametrize(("status", "kind"), [(422, "program"), (400, "program"), (403, "infrastructure")])
def test_a_refusal_says_why_and_whose_fault_it_is(status: int, kind: str) -> None:
    with pytest.raises(TrialFailedError, match="exceeded quota") as raised:
        start(Core(refuses=refusal(status, message="exceeded quota")))
    assert raised.value.kind == kind
