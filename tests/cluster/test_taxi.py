"""A half-year of taxis on pods (`dags/retune_taxi.py`): what the simulator has planted is promoted, and nothing else.

The short form is one region with two days a trial, whose parameters in use are so bad that any others are better. `make verify-taxi` sets
HPO_TAXI_TRIALS and runs the whole of two regions: one with a planted gain, one without.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialState
from airflow_hpo.core.trial_key import companion_of
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.storage import attempts
from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import ENDED, DagRun, is_parsed
from tests.cluster.pods_on_cluster import ROOT, Pods, wait_for
from tests.postgres import metadata_of
from tests.webhook import Webhook, webhook

TRIALS = int(os.environ.get("HPO_TAXI_TRIALS", "0"))
LIMIT = 3 * 3600 if TRIALS else 800
GAINS = {"tokyo": 0.014, "osaka": 0.0} if TRIALS else {"tokyo": 0.014}
IN_USE = ROOT / "dags" / "data" / "dispatch_in_use.json"
BAD = {"discount": 0.85, "turn_weight": 0.0, "max_wait_s": 900}
SHORT = {
    "study": {"max_trials": 2, "scenarios": ["monday", "tuesday"]},
    "validation": ["-7d", "-5d"],
    "test": "-5d",
    "finalists": 1,
    # Five days are enough only where one tells nothing of the next, as it is in the simulator.
    "rule": {"dependence": "independent"},
    "variants": ["model"],
}
PORT = 8000

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(LIMIT + 300)]


@pytest.fixture(scope="module")
def forecast(core: Any, namespace: str, trial_image: str) -> str:
    """Host and port of the stand-in for the model, a pod."""
    pods = Pods(core, namespace, trial_image)
    name = pods.start("python3", "-u", "/app/forecast.py", f"--port={PORT}")
    return f"{pods.wait(name, 'Running').status.pod_ip}:{PORT}"


@pytest.fixture(scope="module")
def chat() -> Iterator[Webhook]:
    """What the notifications are sent to."""
    with webhook() as server:
        yield server


@pytest.fixture(scope="module")
def studies(postgres_url: str) -> str:
    """URL of the study database."""
    return metadata_of(postgres_url, "taxi_studies")


@pytest.fixture(scope="module")
def store(studies: str) -> Store:
    """The study database, with the parameters that each region has in use."""
    database = Database.of(studies, "hpo")
    migrate.upgrade(database)
    store = Store(database)
    params, provenance = json.loads(IN_USE.read_text()) if TRIALS else BAD, Provenance(source="in use")
    for region in GAINS:
        promote(store, f"dispatch/{region}", params, expected=None, key="first", provenance=provenance)
    return store


@pytest.fixture(scope="module")
def airflow(
    store: Store,
    studies: str,
    postgres_url: str,
    airflow_kubeconfig: Path,
    namespace: str,
    forecast: str,
    chat: Webhook,
) -> Iterator[LiveAirflow]:
    """A running Airflow with the example and the files of its regions."""
    pytest.importorskip("airflow.providers.slack", reason="needs the extra slack")
    home, url = Path(tempfile.mkdtemp(prefix="hpo-")), make_url(studies)
    dags = home / "dags"
    (dags / "regions").mkdir(parents=True)
    shutil.copy(ROOT / "dags" / "retune_taxi.py", dags)
    for region, gain in GAINS.items():
        file = yaml.safe_load((ROOT / "dags" / "regions" / f"{region}.yaml").read_text())
        own: dict[str, Any] = {"study": {"max_trials": TRIALS}} if TRIALS else SHORT
        own = {**own, "study": {**file["study"], **own["study"]}, "params": {"gain": gain}}
        text = yaml.safe_dump({**file, **own, "start_date": date(2020, 1, 1)})
        (dags / "regions" / f"{region}.yaml").write_text(text)
    connection = {"conn_type": "hpo", "host": url.host, "port": url.port, "login": url.username, "schema": url.database}
    cluster = {"conn_type": "kubernetes", "extra": {"kube_config_path": str(airflow_kubeconfig)}}
    env = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_of(postgres_url, "taxi_airflow"),
        "AIRFLOW_CONN_HPO_DEFAULT": json.dumps({**connection, "extra": {"dialect": "postgresql"}}),
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": json.dumps(cluster),
        "AIRFLOW_CONN_SLACK_TAXI": chat.connection,
        "AIRFLOW__HPO__PRELOAD": "True",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "120",
        "HPO_EXAMPLE_NAMESPACE": namespace,
        "HPO_EXAMPLE_MODEL": forecast,
    }
    with LiveAirflow(home / "airflow", dags, parallelism=6, env=env) as live:
        yield live
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def at_once() -> dict[str, int]:
    """The most pods that were seen at once, by study and evaluation."""
    return {}


@pytest.fixture(scope="module")
def half_years(airflow: LiveAirflow, core: Any, namespace: str, at_once: dict[str, int]) -> dict[str, DagRun]:
    """The run of each region's latest half-year, which begins by itself once its DAG is unpaused, and which a person agrees to."""
    runs = {region: run_of(airflow, f"retune_dispatch_{region}") for region in GAINS}

    def settled() -> bool:
        found: dict[str, int] = {}
        for pod in core.list_namespaced_pod(namespace, label_selector="airflow-hpo/trial").items:
            edition = pod.metadata.labels["airflow-hpo/edition"]
            found[edition] = found.get(edition, 0) + (pod.status.phase in ("Pending", "Running"))
        for edition, pods in found.items():
            at_once[edition] = max(at_once.get(edition, 0), pods)
        return all(run.state in ENDED or _asks(run) for run in runs.values())

    airflow.wait(settled, "a decision of each region", timeout=LIMIT, interval=2)
    for run in runs.values():
        run.approve("approve")
        assert run.wait() == "success"
    return runs


def run_of(airflow: LiveAirflow, dag_id: str) -> DagRun:
    """Return the newest run of a DAG as soon as there is one."""
    airflow.wait(lambda: is_parsed(airflow, dag_id), f"{dag_id} to be parsed")
    airflow.patch(f"/dags/{dag_id}", {"is_paused": False})
    path = f"/dags/{dag_id}/dagRuns"
    found = airflow.wait(lambda: airflow.get(path, order_by="-id")["dag_runs"], f"a run of {dag_id}", timeout=180)
    return DagRun(airflow, dag_id, found[0]["dag_run_id"])


def _asks(run: DagRun) -> bool:
    return any(task["state"] == "awaiting_input" for task in run.tasks("approve"))


@pytest.mark.parametrize("region", GAINS)
def test_a_half_year_decides_what_was_planted(region: str, half_years: dict[str, DagRun]) -> None:
    compared = half_years[region].xcom("test.compare_1")
    print(compared["sentence"])
    assert compared["verdict"] == ("promote" if GAINS[region] else "keep"), compared["sentence"]
    if TRIALS and GAINS[region]:
        seen = re.search(r"([\d.]+) % better than the champion's", compared["sentence"])
        assert seen
        assert float(seen[1]) == pytest.approx(100 * GAINS[region], abs=0.5)


@pytest.mark.parametrize("region", GAINS)
def test_production_reads_what_was_decided(region: str, airflow: LiveAirflow, half_years: dict[str, DagRun]) -> None:
    dag_id = f"dispatch_{region}"
    if not GAINS[region]:
        DagRun.trigger(airflow, dag_id)
    expected = half_years[region].xcom("promote")["params"] if GAINS[region] else json.loads(IN_USE.read_text())
    run = run_of(airflow, dag_id)
    assert run.wait() == "success"
    assert run.xcom("drive") == expected


def test_the_people_are_told(chat: Webhook, half_years: dict[str, DagRun]) -> None:
    said = "\n".join(message["text"] for message in chat.got)
    print(said)
    assert "Promote 'trial " in said
    assert ("Keep " in said) is ("osaka" in GAINS)


@pytest.mark.parametrize("region", GAINS)
def test_a_simulation_that_failed_ran_again_alone_and_none_is_lost(
    region: str, store: Store, half_years: dict[str, DagRun], at_once: dict[str, int]
) -> None:
    run = half_years[region]
    edition = run.xcom("tune.finish")["edition"]
    study, trials = store.edition(edition).study, store.optuna.records(edition)
    assert [each.state for each in trials] == [TrialState.COMPLETE] * (study.max_trials or 0)
    assert len(store.optuna.records(companion_of(edition))) == len(trials) * study.simulations
    evaluations = [run.xcom("validate.collect")["evaluation"], *run.xcom("test.compare_1")["evaluations"]]
    for name in (companion_of(edition), *evaluations):
        records = store.optuna.records(name)
        with store.session() as session:
            ran = attempts.of(session, name)
        assert {each.state for each in records} == {TrialState.COMPLETE}, name
        # The next try of a task that died goes on with its pod.
        pods = {each.placement.pod for each in ran if each.placement.pod}
        assert len(pods) >= len(records)
        ended_well = [each.number for each in ran if each.outcome is AttemptOutcome.COMPLETE]
        assert sorted(ended_well) == sorted(each.number for each in records)
        failed = Counter(str(each.kind) for each in ran if each.outcome is not AttemptOutcome.COMPLETE)
        assert FailureKind.PROGRAM in failed or len(records) < 50
        print(f"{name}: {len(records)} simulations, {len(pods)} pods, failed: {dict(failed)}")
    assert study.parallelism
    assert max(at_once.values()) <= study.parallelism


def test_no_pod_is_left(core: Any, namespace: str, half_years: dict[str, DagRun]) -> None:
    wait_for(
        lambda: not core.list_namespaced_pod(namespace, label_selector="airflow-hpo/trial").items, "the pods' deletion"
    )
