from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiClient, V1Container, V1ObjectMeta, V1Pod, V1PodSpec

from airflow_hpo.exceptions import ClusterUnavailableError, DeclarationError
from airflow_hpo.pods import jobs
from airflow_hpo.pods.api.events import sentences
from airflow_hpo.pods.job_names import INDEX, JOB, NAME_LENGTH, checked_count, job_name, job_of
from airflow_hpo.pods.jobs import JobsAsPods, other_failure
from tests.unit.pods.kubernetes_double import NOW, pod, terminated

NAME = "valley-t7-a1-0123abcd"
POD_NAME = f"{NAME}-0-x7z9k"


class Api:
    """The API server's answers about pods and Jobs."""

    def __init__(self, *pods: Any) -> None:
        self.pods = list(pods)
        self.selectors: list[str] = []
        self.created: list[Any] = []
        self.deleted: list[tuple[str, str]] = []

    def list_namespaced_pod(self, namespace: str, label_selector: str) -> Any:
        self.selectors.append(label_selector)
        return SimpleNamespace(items=self.pods)

    def read_namespaced_pod_log(self, name: str, namespace: str, **options: Any) -> str:
        return "no peer\n"

    def read_namespaced_pod(self, name: str, namespace: str) -> str:
        return f"pod {name}"

    def create_namespaced_job(self, namespace: str, job: Any) -> None:
        self.created.append(ApiClient().sanitize_for_serialization(job))

    def delete_namespaced_job(self, name: str, namespace: str, propagation_policy: str) -> None:
        self.deleted.append((name, propagation_policy))


def seen(api: Api, pods: int = 3) -> JobsAsPods:
    return JobsAsPods(api, api, pods)


def request() -> V1Pod:
    meta = V1ObjectMeta(name=NAME, namespace="n", labels={"a": "b"}, annotations={"c": "d"})
    return V1Pod(metadata=meta, spec=V1PodSpec(containers=[V1Container(name="base")], restart_policy="Never"))


def failed(index: int, code: int) -> V1Pod:
    return pod("Failed", terminated(code, message="no peer"), labels={INDEX: str(index)})


def test_a_pod_becomes_a_job_of_several_that_kubernetes_does_not_repeat() -> None:
    api = Api("the first")
    assert seen(api).create_namespaced_pod("n", request()) == "the first"
    [job] = api.created
    assert (job["metadata"]["name"], job["metadata"]["labels"]) == (NAME, {"a": "b"})
    spec = job["spec"]
    assert (spec["completions"], spec["parallelism"], spec["completionMode"], spec["backoffLimit"]) == (
        3,
        3,
        "Indexed",
        0,
    )
    assert spec["ttlSecondsAfterFinished"] > 3600
    assert spec["template"]["metadata"] == {"labels": {"a": "b"}, "annotations": {"c": "d"}}
    assert api.selectors == [f"{JOB}={NAME},{INDEX}=0"]


def test_a_job_that_has_no_pod_yet_is_left_to_who_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "POD_LIMIT", 0.0)
    with pytest.raises(ClusterUnavailableError, match="no pod of the Job 'valley-t7-a1-0123abcd' yet"):
        seen(Api()).create_namespaced_pod("n", request())


@pytest.mark.parametrize("name", [NAME, POD_NAME])
def test_deleting_the_first_pod_or_the_job_deletes_the_job_with_its_pods(name: str) -> None:
    api = Api()
    seen(api).delete_namespaced_pod(name, "n", grace_period_seconds=5)
    assert api.deleted == [(NAME, "Background")]


def test_reading_by_the_name_of_the_job_gives_its_first_pod() -> None:
    api = Api("the first")
    assert seen(api).read_namespaced_pod(NAME, "n") == "the first"
    assert seen(api).read_namespaced_pod(POD_NAME, "n") == f"pod {POD_NAME}"


@pytest.mark.parametrize("head", ["valley", "a-b", "x" * 42])
def test_the_names_of_a_jobs_pods_lead_back_to_it(head: str) -> None:
    name = job_name(f"{head}-t7-a1-0123abcd")
    assert len(name) <= NAME_LENGTH
    assert name.endswith("-t7-a1-0123abcd")
    assert job_of(f"{name}-0-bcdfg") == job_of(name) == name


def test_the_first_other_pod_that_failed_says_why() -> None:
    found = other_failure(Api(pod(labels={INDEX: "1"}), failed(10, 4), failed(2, 3)), POD_NAME, "n", "base")
    assert found is not None
    assert (found.reason, found.exit_code, found.kind) == (
        "Pod 2 of the Job failed. The trial's program exited with 3. Its last lines: no peer",
        3,
        "program",
    )


def test_without_another_failed_pod_there_is_nothing_to_say() -> None:
    api = Api(pod(labels={INDEX: "1"}))
    assert other_failure(api, POD_NAME, "n", "base") is None
    assert api.selectors == [f"{JOB}={NAME},{INDEX}!=0"]


@pytest.mark.parametrize("wrong", [0, -1, True, 2.0, "2", None])
def test_a_number_of_pods_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(DeclarationError, match="1 or more pods"):
        checked_count(wrong)


def test_the_events_of_another_pod_are_in_the_order_of_time() -> None:
    moments = [
        SimpleNamespace(reason=str(i), message="", last_timestamp=NOW + timedelta(i), event_time=None)
        for i in (2, 0, 1)
    ]
    assert sentences(moments) == ["0: ", "1: ", "2: "]
