"""One study, and more DAG runs, DAGs or groups than one that would run it, through a live Airflow."""

from __future__ import annotations

from collections import Counter

from airflow_hpo.core.trial import TrialState
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun


def state_of(run: DagRun, task_id: str) -> str | None:
    found: str | None = run.tasks(task_id)[0]["state"]
    return found


def test_a_second_run_of_an_edition_waits_for_the_first_and_a_copied_dag_is_refused(
    airflow: LiveAirflow, store: Store
) -> None:
    first = DagRun.trigger(airflow, "continued")
    airflow.wait(lambda: (airflow.home / "continued").exists(), "the first trial to begin")
    second, copied = DagRun.trigger(airflow, "continued"), DagRun.trigger(airflow, "copied")
    airflow.wait(lambda: state_of(second, "tune.start") == "deferred", "the second run to wait")
    assert copied.wait() == "failed"
    assert "Study 'continued' belongs to task group 'tune' of DAG 'continued'" in copied.log("tune.start")
    assert f"in use by DAG run '{first.run_id}' of DAG 'continued', which has not ended" in second.log("tune.start")
    (airflow.home / "continue").touch()
    assert (first.wait(), second.wait()) == ("success", "success")
    assert second.xcom("tune.finish")["value"] == first.xcom("tune.finish")["value"]
    records = store.optuna.records("continued@main")
    assert [record.state for record in records] == [TrialState.COMPLETE] * 6
    with store.session(read_only=True) as session:
        begun = Counter(attempt.number for attempt in attempts.of(session, "continued@main"))
    assert set(begun.values()) == {1}


def test_two_groups_run_one_study_together_and_emit_one_best(airflow: LiveAirflow, store: Store) -> None:
    run = DagRun.trigger(airflow, "together")
    assert run.wait() == "success"
    one, two = run.xcom("one.finish"), run.xcom("two.finish")
    assert one == two
    records = store.optuna.records(one["edition"])
    assert len(records) == one["complete"] == 6
    assert all(record.key and record.key.startswith(("together/one/", "together/two/")) for record in records)
    assert [event["number"] for event in run.asset_events()] == [one["number"]]
