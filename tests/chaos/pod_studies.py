"""A live Airflow whose trials are pods, and its studies: run, watched, and counted when they are over."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_hpo.pods.build.labels import label_value
from airflow_hpo.storage import metric_series
from airflow_hpo.studies import migrate
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.chaos.kill_airflow import end_what_is_left, on_postgres, store_of
from tests.chaos.strikes import FOLDER
from tests.chaos.whole import Whole, check_whole
from tests.cluster.pods_on_cluster import wait_for

HERE = Path(__file__).parent
STEPS = [1, 2, 3]


@contextmanager
def pod_airflow(kubeconfig: Path, namespace: str, image: str, postgres: str | None = None) -> Iterator[LiveAirflow]:
    """Run an Airflow of one's own that has the rights of the Role in a namespace.

    :param kubeconfig: who it is to the cluster.
    :param namespace: where its pods are.
    :param image: what they run.
    :param postgres: URL of a server for everything; None for SQLite.
    """
    extra = {"kube_config_path": str(kubeconfig)}
    home = Path(tempfile.mkdtemp(prefix="hpo-"))
    env = {
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": json.dumps({"conn_type": "kubernetes", "extra": extra}),
        "AIRFLOW__HPO__PRELOAD": "True",
        "HPO_TEST_IMAGE": image,
        "HPO_TEST_NAMESPACE": namespace,
        "PYTHONPATH": str(HERE.parent.parent),
        FOLDER: str(home / "strikes"),
        **(on_postgres(postgres) if postgres else {}),
    }
    shutil.copytree(HERE / "pod_plugins", home / "plugins")
    try:
        with LiveAirflow(home, HERE / "pod_dags", parallelism=8, env=env) as live:
            migrate.upgrade(store_of(live).database)
            yield live
    finally:
        end_what_is_left(home)
        shutil.rmtree(home, ignore_errors=True)


@dataclass
class PodStudy:
    """One study of a live Airflow.

    :param run: the DAG run.
    :param store: the study database.
    :param core: a client of the core API.
    :param namespace: where the pods are.
    """

    run: DagRun
    store: Store
    core: Any
    namespace: str

    @property
    def name(self) -> str:
        """The edition."""
        return f"{self.run.dag_id}@{self.run.run_id}"

    def wanted(self) -> int:
        """How many trials it wants, once it is open."""
        self.run.finish_of("tune.start")
        return self.store.edition(self.name).study.wanted

    def finished(self) -> int:
        """How many trials have ended for good."""
        return sum(record.state.finished for record in self.store.optuna.records(self.name, details=False))

    def pods(self) -> list[str]:
        """The names of the pods that are there."""
        selector = f"airflow-hpo/edition={label_value(self.name)}"
        return [
            pod.metadata.name for pod in self.core.list_namespaced_pod(self.namespace, label_selector=selector).items
        ]

    def check_whole(self) -> Whole:
        """Nothing is lost, nothing is double, and every trial has the result of its own parameter."""
        self.run.wait(timeout=900)
        self._pods_end()
        whole = check_whole(self.store, self.name, self.run)
        complete = [record for record in whole.records if record.state.successful]
        assert [record.value for record in complete] == [record.params["x"] for record in complete]
        steps = {record.key or "": self._steps(record.number) for record in complete}
        wrong = [f"{found} of {whole.of_key(key)}" for key, found in steps.items() if found != STEPS]
        assert not wrong, wrong
        return whole

    def _steps(self, number: int) -> list[int]:
        with self.store.session(read_only=True) as session:
            return [point.step for point in metric_series.series(session, self.name, number, "loss")]

    def _pods_end(self) -> None:
        try:
            wait_for(lambda: not self.pods(), f"the end of the pods of {self.name}")
        except AssertionError as err:
            raise AssertionError(f"{err}: {self.pods()}") from None


class PodStudies:
    """Starts studies of a live Airflow.

    :param airflow: it.
    :param core: a client of the core API.
    :param namespace: where the pods are.
    """

    def __init__(self, airflow: LiveAirflow, core: Any, namespace: str) -> None:
        self.airflow, self.core, self.namespace = airflow, core, namespace
        self.strikes = Path(airflow.env[FOLDER])
        self._store = store_of(airflow)

    def start(self, dag_id: str) -> PodStudy:
        """Start a run of a DAG."""
        return PodStudy(DagRun.trigger(self.airflow, dag_id), self._store, self.core, self.namespace)

    def until(self, condition: Callable[[], Any], what: str, timeout: float = 600) -> Any:
        """Wait until something is so, and return it."""
        return self.airflow.wait(condition, what, timeout=timeout)
