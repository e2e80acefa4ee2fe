from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.remarks import NO_REMARKS
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.pages.edition import numbered
from airflow_hpo.pages.models.trials import TrialDetail
from airflow_hpo.pages.trial import trial_of
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.trials.steer import add_trial
from tests.integration.trial_tasks import Tuned, declared

DAYS = ["mon", "tue", "wed"]


def trial(tuned: Tuned, number: int) -> TrialDetail:
    return trial_of(tuned.store, tuned.store.read(numbered, 1), number)


def test_a_trial_that_has_not_begun_has_its_parameters_and_no_attempt(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    found = trial(tuned, 0)
    assert (found.study, found.state, found.params, found.attempts) == (1, "running", request.params, [])
    assert (found.value, found.origin, found.feasible, found.broken, found.oddities) == (None, None, None, [], [])


def test_a_failed_attempt_tells_its_reason_its_last_lines_and_its_task(tuned: Tuned) -> None:
    tuned.fail(tuned.suggest()[1], reason="It broke <b>badly</b>.")
    failed = trial(tuned, 1).attempts[0]
    assert (failed.outcome, failed.kind, failed.reason) == ("failed", "program", "It broke <b>badly</b>.")
    assert (failed.exit_code, failed.log_tail, failed.place["host"]) == (3, "a\nb", "here")
    assert failed.task.model_dump() == {
        "dag_id": "tune",
        "run_id": "r",
        "task_id": "tune.batch_001.trial",
        "map_index": 1,
        "try_number": 1,
    }


def test_curves_are_told_by_metric_the_objective_first_and_nan_is_null(tuned: Tuned) -> None:
    claimed, attempt = tuned.started(tuned.suggest()[0])
    tuned.report(attempt, {1: 0.5, 2: math.nan, 3: 0.25})
    tuned.report(attempt, {1: 7.0}, metric="accuracy")
    tuned.conclude(claimed, attempt, 0.25)
    told = json.loads(trial(tuned, 0).model_dump_json())["attempts"][0]["curves"]
    assert told == [
        {"name": "loss", "steps": [1, 2, 3], "values": [0.5, None, 0.25]},
        {"name": "accuracy", "steps": [1], "values": [7.0]},
    ]


def test_what_a_program_said_is_told_with_its_links(tuned: Tuned) -> None:
    _, attempt = tuned.started(tuned.suggest()[0])
    said = NO_REMARKS
    for line in ("hpo::note <i>warm</i>", "hpo::link https://example.com/t the table", "hpo::span 2.5 load"):
        said = said.and_line(line)
    with tuned.store.session() as session:
        attempts.remark(session, attempt, said)
    told = trial(tuned, 0).attempts[0].remarks.model_dump()
    links = [{"text": "the table", "url": "https://example.com/t"}]
    assert told == {"notes": ["<i>warm</i>"], "links": links, "spans": {"load": 2.5}}


def test_a_pod_that_waits_says_for_what(tuned: Tuned) -> None:
    attempt = tuned.in_pod(tuned.suggest()[0])
    with tuned.store.session() as session:
        attempts.wait_for(session, replace(attempt, waits_for="quota: cpu"))
    found = trial(tuned, 0).attempts[0]
    assert (found.outcome, found.waits_for, found.finished_at) == ("running", "a quota (cpu)", None)


def test_a_trial_and_the_one_that_replaced_it_name_each_other(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request)
    tuned.complete(request, try_number=2)
    assert (trial(tuned, 0).replaced_by, trial(tuned, 4).replaces, trial(tuned, 4).origin) == (4, 0, "rerun")


def test_a_result_that_was_taken_back_says_why(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    invalidate(tuned.store, tuned.name, 0, "Wrong data.")
    found = trial(tuned, 0)
    assert (found.state, found.value, found.invalid) == ("failed", None, "Its result was taken back: Wrong data.")


def test_a_point_that_a_person_added_is_told_so(tuned: Tuned) -> None:
    add_trial(tuned.store, tuned.name, {"x": 0.5, "kind": "a"}, "ann")
    tuned.suggest()
    assert [trial(tuned, number).origin for number in (0, 1, 2)] == ["by_hand", "by_hand", None]


def test_an_infeasible_trial_says_what_it_breaks_and_odd_results_what_is_odd(store: Store) -> None:
    tuned = Tuned(store, declared(constraints=[MetricConstraint("time_s", at_most=3)]))
    tuned.complete(tuned.suggest()[0], metrics={"time_s": 9.0}, problems=("Odd.",), placement=Placement(pod="p"))
    found = trial(tuned, 0)
    assert (found.feasible, found.oddities, found.metrics) == (False, ["Odd."], {"time_s": 9.0})
    assert len(found.broken) == 1
    assert "time_s" in found.broken[0]


def test_simulations_are_told_by_scenario_with_their_own_attempts(store: Store) -> None:
    week = Tuned(store, declared(scenarios=DAYS, parallelism=3, batch_size=1))
    requests = week.suggest()
    for request, value in zip(requests[:2], (1.0, 3.0), strict=True):
        week.complete(request, value=value)
    week.fail(requests[2])
    found = trial(week, 0)
    assert (found.state, found.attempts) == ("failed", [])
    assert [(each.scenario, each.state, each.value) for each in found.simulations] == [
        ("mon", "complete", 1.0),
        ("tue", "complete", 3.0),
        ("wed", "failed", None),
    ]
    assert [[attempt.outcome for attempt in each.attempts] for each in found.simulations] == [
        ["complete"],
        ["complete"],
        ["failed"],
    ]


def test_a_trial_that_is_not_there_is_not_found(tuned: Tuned) -> None:
    with pytest.raises(StudyNotFoundError):
        trial(tuned, 3)
