"""Trials of several simulations together with what steers, stops, ends, shows and purges studies."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.budget import End
from airflow_hpo.core.owner import DagRunEnd, DagRunKey
from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.core.trial_key import companion_of
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.retention.plan import Planner, Rule
from airflow_hpo.retention.purge import purge_editions
from airflow_hpo.storage import acts
from airflow_hpo.studies.drain import drain, held_back
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.run_tasks import RunTasks
from airflow_hpo.studies.simulations import complete_parts, is_asked
from airflow_hpo.studies.status import status
from airflow_hpo.studies.steer import holds_later, set_study
from airflow_hpo.studies.stop import must_be_withdrawn, must_not_start, open_trials, reason_to_end, request_stop
from airflow_hpo.studies.stopped_runs import end_stopped
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for
from airflow_hpo.studies.why import explain
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.trials.rows import metric_series_frame, trial_details, trial_rows
from airflow_hpo.trials.run import TrialRun
from airflow_hpo.trials.steer import add_trial, end_trial
from tests.integration.trial_tasks import WORK, Tuned, declared, task_try_of

DAYS = ["mon", "tue", "wed"]
BY = "ann@host"


def week_of(store: Store, **options: Any) -> Tuned:
    return Tuned(store, declared(**{"scenarios": DAYS, "parallelism": 6, "batch_size": 1, **options}))


@pytest.fixture
def week(store: Store) -> Tuned:
    return week_of(store)


def companion_state(week: Tuned) -> list[TrialState]:
    return [record.state for record in week.store.optuna.records(companion_of(week.name))]


def test_a_simulation_needs_no_room_once_its_trial_was_asked_for(store: Store) -> None:
    week = week_of(store, parallelism=3)
    edition = store.edition(week.name)
    assert not is_asked(edition, "001/1", store.optuna.keys(edition.name))

    ask_for(store, week.name, ["001/0"])

    asked = store.optuna.keys(edition.name)
    assert [is_asked(edition, f"001/{index}", asked) for index in range(4)] == [True, True, True, False]
    assert ask_for(store, week.name, ["001/2"])[0]


def test_parallelism_counts_simulations_and_changes_in_whole_trials(store: Store) -> None:
    week = week_of(store, max_parallelism=9)
    with pytest.raises(DeclarationError, match="Write max_parallelism=10"):
        set_study(store, week.name, {"parallelism": 10}, BY)
    with pytest.raises(DeclarationError, match="Write parallelism=3"):
        set_study(store, week.name, {"parallelism": 2}, BY)

    set_study(store, week.name, {"parallelism": 9, "max_trials": 20}, BY)

    assert len(week.suggest()) == 9
    assert store.edition(companion_of(week.name)).study.slots == 9


def test_a_lower_parallelism_holds_once_what_was_asked_for_has_ended(week: Tuned) -> None:
    requests = week.suggest()
    assert holds_later(week.store, week.name) is None

    set_study(week.store, week.name, {"parallelism": 3}, BY)

    said = "2 trials were asked for before and come to their end; further ones start once fewer than 1 run."
    assert holds_later(week.store, week.name) == said
    for request in requests[:3]:
        week.complete(request)
    assert holds_later(week.store, week.name) is None


def test_a_point_that_a_person_adds_is_simulated_and_exported(week: Tuned) -> None:
    add_trial(week.store, week.name, {"x": 0.25}, BY)
    for request in week.suggest()[:3]:
        assert request.params["x"] == 0.25
        week.complete(request, 2.0)

    [row] = [row for row in trial_rows(week.store, week.name) if row["state"] == "complete"]
    assert [row[f"scenarios.{day}"] for day in DAYS] == [2.0, 2.0, 2.0]
    assert row["attempts"] == 3


def test_a_trial_that_a_person_ends_is_pruned_with_all_its_simulations(week: Tuned) -> None:
    requests = week.suggest()[:3]
    week.fail(requests[0])
    started = week.started(requests[1])
    asked = end_trial(week.store, week.name, 0, BY)
    assert asked.begun
    ends = week.store.read(acts.ends, companion_of(week.name))
    assert sorted(ends) == [requests[1].number, requests[2].number]

    week.conclude(*started, pruned=True)
    week.conclude(*week.started(requests[2]), pruned=True)

    assert (week.states()[0], week.progress().failed) == (TrialState.PRUNED, 0)
    assert [act.number for act in week.store.read(acts.of, week.name)] == [0]


def test_a_trial_that_is_ended_while_its_simulations_are_written_ends_with_all_of_them(week: Tuned) -> None:
    week.store.optuna.ask(week.name, week.study, ["001/0"])
    assert not end_trial(week.store, week.name, 0, BY).begun

    requests = week.suggest()[:3]

    assert sorted(week.store.read(acts.ends, companion_of(week.name))) == [one.number for one in requests]
    assert end_trial(week.store, week.name, 0, BY).again
    assert len(week.store.read(acts.of, companion_of(week.name))) == 3


def test_a_stop_that_lets_trials_finish_lets_their_open_simulations_begin(week: Tuned) -> None:
    requests = week.suggest()
    week.complete(requests[0])
    request_stop(week.store, week.name, "Enough.", "finish", BY)
    companion = week.store.edition(companion_of(week.name))

    may = [must_not_start(week.store, companion, one.number or 0) is None for one in requests]

    assert may == [False, True, True, False, False, False]
    assert not must_be_withdrawn(week.store, companion.name, requests[1].number or 0)
    assert open_trials(week.store, week.name) == ([0], [1])


def test_a_stop_that_ends_trials_ends_their_simulations(week: Tuned) -> None:
    requests = week.suggest()
    week.started(requests[0])

    request_stop(week.store, week.name, "Enough.", "stop", BY)

    assert reason_to_end(week.store, companion_of(week.name))
    assert must_not_start(week.store, week.store.edition(companion_of(week.name)), requests[1].number or 0)


def test_a_drained_study_lets_a_trial_that_runs_come_to_its_end(week: Tuned) -> None:
    requests = week.suggest()
    week.complete(requests[0])
    drain(week.store, week.name, BY)
    companion = week.store.edition(companion_of(week.name))

    assert [held_back(week.store, companion, one.number or 0) for one in requests] == [False] * 3 + [True] * 3


def test_days_that_the_infrastructure_lost_may_be_missing_as_far_as_declared(store: Store) -> None:
    week = week_of(store, scenarios_needed=0.6)
    requests = week.suggest()
    for request, value in zip(requests[:2], [1.0, 3.0], strict=True):
        week.complete(request, value)
    week.fail(requests[2], "infrastructure", try_number=3)
    for request in requests[3:5]:
        week.complete(request, 9.0)
    week.fail(requests[5], "program")

    assert week.states() == [TrialState.COMPLETE, TrialState.FAIL]
    assert week.records()[0].value == 2.0
    said = "The value of trial 0 is of 2 of 3 scenarios: the infrastructure lost wed."
    assert said in finish(store, status(store, week.name)).text

    week.complete(requests[2], 5.0, try_number=4)
    assert (week.records()[-1].value, week.records()[-1].replaces) == (3.0, 0)


def test_trials_that_failed_alike_stop_the_study_by_the_reason_of_their_simulations(store: Store) -> None:
    week = week_of(store, stop_on_same_failure=2, max_failures=5)
    for request in week.suggest():
        week.fail(request, reason="No forecast.")

    assert status(store, week.name).verdict.end is End.SAME_FAILURE
    assert "No forecast." in status(store, week.name).verdict.reason


def test_max_pending_counts_simulations(store: Store) -> None:
    week = week_of(store, parallelism=12, max_pending=6)
    requests = week.suggest()
    assert len(requests) == 6
    for request in requests:
        week.in_pod(request)
    assert (week.progress().pending, status(store, week.name).may_start) == (6, 0)

    for request in requests[:3]:
        week.complete(request)

    assert status(store, week.name).may_start == 1


def test_a_run_that_ends_ends_its_open_simulations_and_trials(week: Tuned) -> None:
    requests = week.suggest()
    week.complete(requests[0])
    week.started(requests[1])

    end_stopped(week.store, week.store.edition(week.name), DagRunEnd(DagRunKey("tune", "r"), "failed"))

    assert week.states() == [TrialState.FAIL, TrialState.FAIL]
    assert companion_state(week) == [TrialState.COMPLETE] + [TrialState.FAIL] * 5


def test_simulations_that_a_killed_task_did_not_write_are_written(week: Tuned) -> None:
    week.store.optuna.ask(week.name, week.study, ["001/0"])

    complete_parts(week.store, week.store.edition(week.name))

    assert companion_state(week) == [TrialState.RUNNING] * 3
    assert [one.key for one in week.suggest()[:3]] == ["001/0", "001/1", "001/2"]


def test_a_result_that_is_taken_back_lets_each_of_its_simulations_run_again(week: Tuned) -> None:
    requests = week.suggest()[:3]
    for request in requests:
        week.complete(request)

    taken = invalidate(week.store, week.name, 0, "The data were wrong.")

    assert taken.task is not None
    assert not any(week.claim(request, 2).answered for request in requests)


def test_what_each_simulation_did_is_shown_with_its_trial(week: Tuned) -> None:
    requests = week.suggest()[:3]
    started = week.started(requests[0])
    week.report(started[1], {0: 3.0, 1: 1.0})
    week.conclude(*started, 1.0)
    week.fail(requests[1], reason="It broke on Tuesday.")
    reported = metric_series_frame(week.store, week.name, 0)[["number", "scenario", "value"]]

    shown = trial_details(week.store, week.name, 0).simulations
    said = [trial.why for trial in explain(week.store, week.name, RunTasks()).trials if trial.number == 0]

    assert [(day, shown[day].record.state.value) for day in DAYS] == list(
        zip(DAYS, ["complete", "fail", "running"], strict=True)
    )
    assert reported.values.tolist() == [[0, "mon", 3.0], [0, "mon", 1.0]]
    assert shown["tue"].attempts[0].outcome is AttemptOutcome.FAILED
    assert any("Scenario tue" in why and "It broke on Tuesday." in why for why in said)


def test_a_purge_takes_simulations_with_their_trials(week: Tuned, tmp_path: Path) -> None:
    for request, value in zip(week.suggest(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0], strict=True):
        week.complete(request, value)
    request_stop(week.store, week.name, "Enough.")
    finish(week.store, status(week.store, week.name))

    for best, left in ((1, 3), (0, 0)):
        planner = Planner(week.store, Rule(timedelta(0), keep_best=best), lambda run: "success")
        [_] = purge_editions(week.store, planner, planner.plans(), tmp_path / str(best), BY)
        companion = companion_of(week.name)
        numbers = week.store.optuna.numbers(companion) if week.store.optuna.exists(companion) else []
        assert len(numbers) == left


DAYS_OF_TWO_WEEKS = [f"day {number}" for number in range(1, 7)]


@pytest.mark.parametrize(("direction", "worse"), [("minimize", 5.0), ("maximize", -5.0)])
def test_a_trial_that_is_clearly_worse_is_given_up_and_its_open_days_do_not_begin(
    store: Store, direction: str, worse: float, caplog: pytest.LogCaptureFixture
) -> None:
    pruner = Pruner("wilcoxon", p_threshold=0.15)
    objective = {"metric": "loss", "direction": direction, "extra_metrics": ["time_s"]}
    week = week_of(store, scenarios=DAYS_OF_TWO_WEEKS, parallelism=12, pruner=pruner, objective=objective)
    requests = week.suggest()
    for number, request in enumerate(requests[:6]):
        week.complete(request, float(number))
    running = week.started(requests[9])
    for number, request in enumerate(requests[6:9]):
        assert week.states()[1] is TrialState.RUNNING
        week.complete(request, worse + number * 1.1)

    assert week.states() == [TrialState.COMPLETE, TrialState.PRUNED]
    assert companion_state(week)[9:] == [TrialState.RUNNING, TrialState.PRUNED, TrialState.PRUNED]
    assert week.claim(requests[10]).answered
    answer = TrialRun(store, logging.getLogger("answers"), 1.0)
    answer.claim(requests[10], WORK, task_try_of(requests[10].key, 2))
    with caplog.at_level("INFO", "answers"):
        assert answer.answer()
    assert "clearly worse than the best one after day 1, day 2, day 3 and was given up." in caplog.text
    week.conclude(*running, 7.0)
    assert week.states() == [TrialState.COMPLETE, TrialState.PRUNED]
    assert (week.progress().pruned, week.progress().failed, status(store, week.name).may_start) == (1, 0, 2)
    assert trial_rows(store, week.name)[1]["reason"] == "It was given up after day 1, day 2, day 3, day 4."


def test_days_that_differ_and_not_trials_give_nothing_up(store: Store) -> None:
    week = week_of(store, scenarios=DAYS_OF_TWO_WEEKS, parallelism=12, pruner=Pruner("wilcoxon", p_threshold=0.15))
    requests = week.suggest()
    for number, request in enumerate(requests[:6]):
        week.complete(request, 10.0 * number)
    for number, request in enumerate(requests[6:]):
        week.complete(request, 10.0 * number + (-1) ** number * (1 + 0.1 * number))

    assert week.states() == [TrialState.COMPLETE, TrialState.COMPLETE]
