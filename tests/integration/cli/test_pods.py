"""``airflow hpo pods reap``: where it cannot reach a cluster, and what it says of editions that their DAG run left."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import V1ListMeta, V1ObjectMeta, V1Pod, V1PodList, V1PodStatus

from airflow_hpo.core.trial import AttemptOutcome, TrialRequest, TrialState
from airflow_hpo.pods.build.labels import EDITION, PodIdentity
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from tests.integration.cli.test_commands import Command, run
from tests.integration.trial_tasks import Tuned, declared

__all__ = ["run"]

UNREACHABLE = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
"""


@pytest.fixture(autouse=True)
def _connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_DEFAULT", "kubernetes://")


def config(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))


@pytest.mark.usefixtures("default_database")
def test_without_a_kubeconfig_it_ends_in_one_line(
    run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config(tmp_path / "absent", monkeypatch)
    with pytest.raises(SystemExit, match=r"^A cluster must be named by .* Set KUBECONFIG to [^\n]*$"):
        run("pods", "reap")


@pytest.mark.usefixtures("default_database")
def test_without_an_api_server_it_ends_in_one_line(
    run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "kubeconfig").write_text(UNREACHABLE)
    config(tmp_path / "kubeconfig", monkeypatch)
    with pytest.raises(SystemExit, match=r"^Kubernetes does not answer when asked to list the pods [^\n]*$"):
        run("pods", "reap")


class OnePod:
    """Part of the cluster's API: one pod, until it is deleted."""

    def __init__(self, pod: V1Pod) -> None:
        self.pods = [pod]

    def list_namespaced_pod(self, namespace: str, **_: Any) -> Any:
        return V1PodList(items=list(self.pods), metadata=V1ListMeta())

    def delete_namespaced_pod(self, name: str, namespace: str, **_: Any) -> None:
        self.pods.clear()


@pytest.fixture
def left(default_database: Database, monkeypatch: pytest.MonkeyPatch) -> tuple[Tuned, OnePod]:
    """A trial with a pod and a task that waits in the triggerer."""
    tuned = Tuned(Store(default_database), declared(max_trials=4))
    attempt = tuned.in_pod(tuned.suggest()[0])
    origin = tuned.store.edition(tuned.name).created.isoformat()
    identity = PodIdentity(TrialRequest(study=tuned.name, key="001/0", number=0), 1, attempt.task, origin)
    created = datetime(2026, 1, 1, tzinfo=UTC)
    meta = V1ObjectMeta(
        name="p",
        namespace="n",
        uid="u",
        creation_timestamp=created,
        labels=identity.labels(),
        annotations={EDITION: tuned.name},
    )
    core = OnePod(V1Pod(metadata=meta, status=V1PodStatus(phase="Running")))
    monkeypatch.setattr("airflow_hpo.cli.pods.cluster_of", lambda conn_id: (core, "n"))
    return tuned, core


def in_airflow(monkeypatch: pytest.MonkeyPatch, run: str, task: str) -> None:
    def state(dag_id: str, model: Any, **keys: Any) -> str:
        return task if "task_id" in keys else run

    monkeypatch.setattr("airflow_hpo.hooks.airflow_runs._state", state)


def test_a_pod_whose_dag_run_has_ended_goes_and_its_trial_and_edition_stay_running_no_more(
    run: Command, left: tuple[Tuned, OnePod], monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned, core = left
    in_airflow(monkeypatch, run="failed", task="deferred")
    said = run("pods", "reap")
    assert "Its DAG run has ended" in said.replace("\n", " ")
    assert f"{tuned.name} is ended, and its running trials are given up" in said
    assert core.pods == []
    assert [attempt.outcome for attempt in tuned.attempts()] == [AttemptOutcome.LOST]
    assert set(tuned.states()) == {TrialState.FAIL}
    assert tuned.store.edition(tuned.name).finished is not None


def test_a_pod_of_a_dag_run_that_goes_on_stays_with_its_trial(
    run: Command, left: tuple[Tuned, OnePod], monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned, core = left
    in_airflow(monkeypatch, run="running", task="deferred")
    run("pods", "reap")
    assert len(core.pods) == 1
    assert set(tuned.states()) == {TrialState.RUNNING}


def test_a_dry_run_ends_nothing(run: Command, left: tuple[Tuned, OnePod], monkeypatch: pytest.MonkeyPatch) -> None:
    tuned, core = left
    in_airflow(monkeypatch, run="failed", task="failed")
    run("pods", "reap", "--dry-run")
    assert len(core.pods) == 1
    assert set(tuned.states()) == {TrialState.RUNNING}


def test_a_pod_of_a_study_that_is_not_here_goes_when_asked_for(run: Command, left: tuple[Tuned, OnePod]) -> None:
    _, core = left
    core.pods[0].metadata.annotations[EDITION] = "theirs@r"
    assert "no such study" in run("pods", "reap").replace("\n", " ")
    assert len(core.pods) == 1
    run("pods", "reap", "--unknown")
    assert core.pods == []


def test_a_pod_of_another_study_of_the_same_name_ends_nothing_here(
    run: Command, left: tuple[Tuned, OnePod], monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned, core = left
    theirs = PodIdentity(TrialRequest(study=tuned.name, key="001/0", number=0), 1, tuned.attempts()[0].task, "then")
    core.pods[0].metadata.labels = theirs.labels()
    in_airflow(monkeypatch, run="failed", task="deferred")
    run("pods", "reap", "--unknown")
    assert core.pods == []
    assert set(tuned.states()) == {TrialState.RUNNING}
