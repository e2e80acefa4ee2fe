"""A pod has succeeded while the study database is away: its success stays one."""

from __future__ import annotations

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import Tuned, declared


def test_where_a_pod_ran_is_not_worth_its_result(store: Store) -> None:
    tuned = Tuned(store, declared())
    request = tuned.suggest()[0]
    operator = TrialPodOperator(task_id="trial", request=request.to_dict(), image="i")
    operator.studies.store = Store(Database.of("postgresql://127.0.0.1:1/studies"))
    ended = operator._of_pod(Outcome.complete(Measurement(0.5), placement=Placement(node="n"), over=True))
    assert ended.measurement is not None
    assert ended.measurement.value == 0.5
