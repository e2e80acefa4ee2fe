"""Trials of several simulations through a live Airflow: with both dispatches, and one day run again alone."""

from __future__ import annotations

import pytest

from airflow_hpo.core.trial import TrialState
from airflow_hpo.core.trial_key import companion_of
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun


@pytest.mark.parametrize("dag_id", ["week_in_batches", "week_continuously"])
def test_a_day_that_failed_is_cleared_runs_again_alone_and_answers_for_itself(
    airflow: LiveAirflow, store: Store, dag_id: str
) -> None:
    mended = airflow.home / "mended"
    mended.unlink(missing_ok=True)
    run = DagRun.trigger(airflow, dag_id)
    assert run.wait(timeout=420) == "success"
    name = run.xcom("tune.finish")["edition"]
    before = store.optuna.records(companion_of(name))
    assert (run.xcom("tune.finish")["complete"], run.xcom("tune.finish")["failed"]) == (4, 1)
    [failed] = [record for record in before if record.state is TrialState.FAIL]
    assert (failed.part_of, failed.params["scenario"], len(before)) == (1, "tue", 15)

    mended.touch()
    batch, index = (failed.key or "").split("/")
    run.clear((f"tune.batch_{batch}.trial", int(index)))
    airflow.wait(lambda: store.optuna.latest(name, 1).state is TrialState.COMPLETE, "the day to run again")

    after = store.optuna.records(companion_of(name))
    assert [(record.replaces, record.state) for record in after[15:]] == [(failed.number, TrialState.COMPLETE)]
    values = [record.value for record in after if record.part_of == 1 and record.value is not None]
    assert store.optuna.latest(name, 1).value == pytest.approx(sum(values) / 3)
