"""A study of sixty trials through a live Airflow: what people see of it, and what clearing does to it."""

from __future__ import annotations

import pytest

from airflow_hpo.core.trial import TrialState
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun


@pytest.fixture(scope="module")
def sixty(airflow: LiveAirflow) -> DagRun:
    """A finished run of sixty trials."""
    run = DagRun.trigger(airflow, "sixty")
    assert run.wait(timeout=420) == "success"
    return run


def trials_of(run: DagRun) -> list[dict]:
    return [ti for ti in run.tasks() if ti["task_id"].endswith(".trial") and ti["map_index"] >= 0]


def test_sixty_trials_are_complete_and_none_is_asked_twice(sixty: DagRun, store: Store) -> None:
    best = sixty.xcom("tune.finish")
    records = store.optuna.records(best["edition"])
    assert best["complete"] == 60
    assert [r.number for r in records] == list(range(60))
    assert len({r.key for r in records}) == 60


def test_every_trial_task_is_labelled_by_number_parameters_and_value_and_the_best_has_a_star(sixty: DagRun) -> None:
    labels = [ti["rendered_map_index"] for ti in trials_of(sixty)]
    assert len(labels) == 60
    assert all(label.startswith("#") and " x=" in label and " n=" in label and " → " in label for label in labels)
    [best] = [label for label in labels if label.startswith(f"#{sixty.xcom('tune.finish')['number']} ")]
    assert best.endswith(" ★")


def test_a_trial_log_says_which_trial_with_which_parameters_and_what_came_out(sixty: DagRun) -> None:
    log = sixty.log("tune.batch_001.trial", 0)
    assert "trial 0, attempt 1" in log
    assert "x = " in log
    assert "Trial 0 is complete: " in log


def test_a_trial_returns_a_small_result(sixty: DagRun) -> None:
    result = sixty.xcom("tune.batch_001.trial", 0)
    assert result["number"] == 0
    assert result["state"] == "complete"
    assert set(result["params"]) == {"x", "n"}


def test_optuna_reads_the_study_by_itself(sixty: DagRun, store: Store) -> None:
    import optuna

    name = sixty.xcom("tune.finish")["edition"]
    study = optuna.load_study(study_name=name, storage=store.database.url)
    assert study.best_value == sixty.xcom("tune.finish")["value"]
    assert study.trials[0].intermediate_values.keys() == {0, 1, 2}


def test_clearing_the_finish_emits_no_second_asset_event(airflow: LiveAirflow, sixty: DagRun) -> None:
    before = sixty.asset_events()
    sixty.clear("tune.finish")
    airflow.wait(lambda: sixty.tasks("tune.finish")[0]["try_number"] == 2, "the finish to run again")
    assert sixty.wait() == "success"
    assert sixty.asset_events() == before
    assert len(before) == 1


def test_a_cleared_finished_trial_answers_from_the_study(airflow: LiveAirflow, sixty: DagRun, store: Store) -> None:
    name = sixty.xcom("tune.finish")["edition"]
    before = len(store.optuna.records(name))
    sixty.clear(("tune.batch_001.trial", 2))
    task = lambda: next(ti for ti in sixty.tasks("tune.batch_001.trial") if ti["map_index"] == 2)  # noqa: E731
    airflow.wait(lambda: task()["try_number"] == 2 and task()["state"] == "success", "the trial to run again")
    assert "nothing is run" in sixty.log("tune.batch_001.trial", 2, try_number=2)
    assert len(store.optuna.records(name)) == before


def test_a_cleared_failed_trial_runs_again_as_a_new_trial_that_names_the_old(
    airflow: LiveAirflow, store: Store
) -> None:
    run = DagRun.trigger(airflow, "flaky")
    assert run.wait() == "success"
    name = run.xcom("tune.finish")["edition"]
    failed = [r for r in store.optuna.records(name) if r.state is TrialState.FAIL]
    tasks = [ti for ti in trials_of(run) if ti["state"] == "failed"]
    assert [r.number for r in failed] == [0]
    assert len(tasks) == 1
    assert "the world is broken" in run.log(tasks[0]["task_id"], tasks[0]["map_index"])

    run.clear((tasks[0]["task_id"], tasks[0]["map_index"]), downstream=True)
    airflow.wait(lambda: run.tasks("tune.finish")[0]["try_number"] == 2, "the finish to run again")
    assert run.wait() == "success"
    again = run.xcom(tasks[0]["task_id"], tasks[0]["map_index"])
    assert again["state"] == "complete"
    assert again["replaces"] == 0
    assert again["params"] == failed[0].params
    assert run.xcom("tune.finish")["failed"] == 0


def test_default_args_that_are_meant_for_work_stop_neither_a_study_nor_its_next_run(airflow: LiveAirflow) -> None:
    for _ in range(2):
        run = DagRun.trigger(airflow, "trapped")
        assert run.wait(timeout=300) == "success"
        result = run.xcom("tune.finish")
        assert (result["end"], result["complete"], result["failed"]) == ("max_trials", 4, 1)
