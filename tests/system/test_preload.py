"""What a task of the LocalExecutor inherits from the scheduler."""

from __future__ import annotations

from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun


def test_a_tasks_process_inherits_what_the_scheduler_has_imported(airflow: LiveAirflow) -> None:
    run = DagRun.trigger(airflow, "inherited")
    assert run.wait() == "success"
    assert set(run.xcom("known")) == {
        "kubernetes.client",
        "kubernetes_asyncio.client",
        "optuna",
        "airflow_hpo.operators.pod",
    }
