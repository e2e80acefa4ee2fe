"""The examples that run pods do what they say, in a live Airflow that may do no more than its Role says."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from sqlalchemy import URL, MetaData, create_engine, make_url, select, text

from airflow_hpo.core.trial import TrialState
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.cluster.pods_on_cluster import ROOT, Pods, wait_for
from tests.postgres import administer

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

TRIALS = {"tune_pods": 12, "tune_behind_proxy": 6, "tune_politely": 8, "tune_jobs": 4}
PASSWORD = "swordfish-of-the-studies"
FERNET_KEY = Fernet.generate_key()
DATABASE_PORT = 5432


@pytest.fixture(scope="module")
def trial_pods(core: Any, namespace: str, trial_image: str) -> Pods:
    """Pods of the trial image."""
    return Pods(core, namespace, trial_image)


@pytest.fixture(scope="module")
def database_address(trial_pods: Pods) -> str:
    """Host and port of the stand-in for a database, a pod."""
    name = trial_pods.start("python3", "-u", "/app/query.py", "--serve", f"--port={DATABASE_PORT}")
    return f"{trial_pods.wait(name, 'Running').status.pod_ip}:{DATABASE_PORT}"


@pytest.fixture(scope="module")
def priority_class(core: Any) -> Iterator[str]:
    """The priority class of `tune_politely`."""
    from kubernetes import client

    scheduling = client.SchedulingV1Api(core.api_client)
    there = any(one.metadata.name == "tuning" for one in scheduling.list_priority_class().items)
    if not there:
        body = {"metadata": {"name": "tuning"}, "value": -5, "preemptionPolicy": "Never"}
        scheduling.create_priority_class(body)
    yield "tuning"
    if not there:
        scheduling.delete_priority_class("tuning")


@pytest.fixture(scope="module")
def studies(postgres_url: str) -> Iterator[URL]:
    """A role that owns the study schema, and Airflow's own role beside it."""
    url = make_url(postgres_url).set(drivername="postgresql+psycopg2")
    administer(url, "CREATE ROLE airflow LOGIN", f"CREATE ROLE tuner LOGIN PASSWORD '{PASSWORD}'")
    administer(url, "CREATE DATABASE examples OWNER airflow")
    administer(url.set(database="examples"), "CREATE SCHEMA hpo AUTHORIZATION tuner")
    yield url.set(database="examples", username="tuner", password=PASSWORD)
    administer(url, "DROP DATABASE examples WITH (FORCE)", "DROP ROLE airflow", "DROP ROLE tuner")


@pytest.fixture(scope="module")
def token(airflow_kubeconfig: Path) -> str:
    """What Airflow shows to the API server."""
    user = yaml.safe_load(airflow_kubeconfig.read_text())["users"][0]["user"]
    return str(user.get("token") or user["client-key-data"])


@pytest.fixture(scope="module")
def airflow(
    studies: URL, airflow_kubeconfig: Path, namespace: str, database_address: str, priority_class: str
) -> Iterator[LiveAirflow]:
    """A running Airflow with the examples; both of its connections hold secrets."""
    home = Path(tempfile.mkdtemp(prefix="hpo-"))
    dags = home / "dags"
    dags.mkdir()
    for dag_id in TRIALS:
        shutil.copy(ROOT / "dags" / f"{dag_id}.py", dags)
    fields = {
        "conn_type": "hpo",
        "host": studies.host,
        "port": studies.port,
        "login": studies.username,
        "password": studies.password,
        "schema": studies.database,
        "extra": {"dialect": "postgresql", "db_schema": "hpo"},
    }
    cluster = {"kube_config": json.dumps(yaml.safe_load(airflow_kubeconfig.read_text()))}
    env = {
        "AIRFLOW__CORE__FERNET_KEY": FERNET_KEY.decode(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": str(studies.set(username="airflow", password=None)),
        "AIRFLOW_CONN_HPO_DEFAULT": json.dumps(fields),
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": json.dumps({"conn_type": "kubernetes", "extra": cluster}),
        "HPO_EXAMPLE_NAMESPACE": namespace,
        "HPO_EXAMPLE_DATABASE": database_address,
    }
    live = LiveAirflow(home / "airflow", dags, parallelism=6, env=env)
    live.cli("db", "migrate")
    live.cli("hpo", "db", "migrate")
    live.cli("pools", "set", "tuning", "2", "Trials of all studies")
    with live:
        yield live
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def store(studies: URL) -> Store:
    """The study database."""
    return Store(Database.of(studies, "hpo"))


@pytest.fixture(scope="module")
def manifests() -> dict[str, dict[str, Any]]:
    """The pods that were seen while the examples ran, by name."""
    return {}


@pytest.fixture(scope="module")
def trigger_rows() -> set[str]:
    """The arguments of the triggers that were seen while the examples ran."""
    return set()


@pytest.fixture(scope="module")
def runs(
    airflow: LiveAirflow,
    core: Any,
    namespace: str,
    studies: URL,
    manifests: dict[str, dict[str, Any]],
    trigger_rows: set[str],
) -> dict[str, DagRun]:
    """One run of every example, all at once, watched to their end."""
    runs = {dag_id: DagRun.trigger(airflow, dag_id) for dag_id in TRIALS}
    engine = create_engine(studies.set(username="airflow", password=None))

    def over() -> bool:
        for pod in core.list_namespaced_pod(namespace, label_selector="airflow-hpo/trial").items:
            manifests[pod.metadata.name] = core.api_client.sanitize_for_serialization(pod)
        with engine.connect() as connection:
            trigger_rows.update(connection.execute(text("SELECT kwargs FROM trigger")).scalars())
        return all(run.state in ("success", "failed") for run in runs.values())

    airflow.wait(over, "the end of the examples", timeout=800, interval=1)
    engine.dispose()
    return runs


@pytest.mark.parametrize("dag_id", TRIALS)
def test_an_example_runs_to_success_with_all_its_trials(dag_id: str, runs: dict[str, DagRun], store: Store) -> None:
    run = runs[dag_id]
    assert run.state == "success"
    best = run.xcom("tune.finish")
    records = store.optuna.records(best["edition"])
    assert sum(record.state.successful for record in records) == TRIALS[dag_id]
    assert {record.state for record in records} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert best["value"] is not None


def test_the_proxy_starts_before_the_trial_and_does_not_keep_its_pod(
    runs: dict[str, DagRun], manifests: dict[str, dict[str, Any]]
) -> None:
    behind = [pod for pod in manifests.values() if pod["metadata"]["labels"]["airflow-hpo/dag"] == "tune_behind_proxy"]
    assert behind
    for pod in behind:
        [proxy] = pod["spec"]["initContainers"]
        assert (proxy["name"], proxy["restartPolicy"]) == ("proxy", "Always")
        assert len(pod["spec"]["containers"]) == 1


def test_every_trial_of_two_pods_is_one_job(runs: dict[str, DagRun], manifests: dict[str, dict[str, Any]]) -> None:
    pods = [
        pod["metadata"] for pod in manifests.values() if pod["metadata"]["labels"]["airflow-hpo/dag"] == "tune_jobs"
    ]
    owners = {pod["name"]: pod["ownerReferences"][0]["name"] for pod in pods}
    assert len(set(owners.values())) == TRIALS["tune_jobs"]
    assert {pod["labels"]["batch.kubernetes.io/job-completion-index"] for pod in pods} == {"0", "1"}


def test_polite_trials_stand_behind_production_everywhere(
    runs: dict[str, DagRun], manifests: dict[str, dict[str, Any]], namespace: str
) -> None:
    polite = [pod for pod in manifests.values() if pod["metadata"]["labels"]["airflow-hpo/dag"] == "tune_politely"]
    assert {(pod["spec"]["priorityClassName"], pod["spec"]["priority"]) for pod in polite} == {("tuning", -5)}
    resources = polite[0]["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}}
    trials = [ti for ti in runs["tune_politely"].tasks() if ti["task_id"].endswith(".trial") and ti["map_index"] >= 0]
    assert {(ti["pool"], ti["priority_weight"]) for ti in trials} == {("tuning", 1)}


def test_no_example_leaves_a_pod_behind(runs: dict[str, DagRun], core: Any, namespace: str) -> None:
    wait_for(
        lambda: not core.list_namespaced_pod(namespace, label_selector="airflow-hpo/trial").items, "the pods' deletion"
    )


def test_secrets_of_the_connections_are_nowhere_but_in_the_connections(
    airflow: LiveAirflow,
    runs: dict[str, DagRun],
    studies: URL,
    token: str,
    manifests: dict[str, dict[str, Any]],
    trigger_rows: set[str],
) -> None:
    secrets = (PASSWORD, token)
    logs = {str(path): path.read_text(errors="replace") for path in airflow.home.rglob("*.log")}
    assert any("/tune_pods/" in path or "dag_id=tune_pods" in path for path in logs)
    places = {
        "pod manifests": json.dumps(manifests),
        "trigger rows": "\n".join(_decrypted(row) for row in trigger_rows),
        "Airflow's database": _rows(studies.set(username="airflow", password=None), "public"),
        "the study database": _rows(studies, "hpo"),
        **logs,
    }
    assert manifests
    assert '"pod_name"' in places["trigger rows"]
    assert [place for place, said in places.items() if any(secret in said for secret in secrets)] == []


def _decrypted(row: str) -> str:
    """Airflow encrypts the arguments of triggers."""
    return row if row.startswith("{") else Fernet(FERNET_KEY).decrypt(row.encode()).decode()


def _rows(url: URL, schema: str) -> str:
    """All that a schema holds, as text."""
    engine, metadata = create_engine(url), MetaData(schema=schema)
    metadata.reflect(engine)
    with engine.connect() as connection:
        rows = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    engine.dispose()
    return "\n".join(rows)
