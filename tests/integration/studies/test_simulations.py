"""Trials of several simulations: told once, from all of them, whatever happens to one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.trial import TrialState
from airflow_hpo.core.trial_key import companion_of
from airflow_hpo.storage import editions
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for, reserve
from airflow_hpo.trials.lost import reap
from airflow_hpo.trials.rows import trial_rows
from tests.integration.trial_tasks import Tuned, declared

DAYS = ["mon", "tue", "wed"]


@pytest.fixture
def week(store: Store) -> Tuned:
    return Tuned(store, declared(scenarios=DAYS, parallelism=6, batch_size=1))


def best_value(week: Tuned) -> float | None:
    best = week.progress().best
    return best.value if best else None


def test_a_batch_is_laid_out_flat(week: Tuned) -> None:
    requests = week.suggest()

    assert [one.key for one in requests] == [f"001/{index}" for index in range(6)]
    assert [one.scenario.name for one in requests if one.scenario] == DAYS * 2
    assert [one.part_of for one in requests] == [0, 0, 0, 1, 1, 1]
    assert requests[0].params == requests[1].params == week.records()[0].params
    assert requests == week.suggest()


def test_scenarios_have_one_seed_in_all_trials(week: Tuned) -> None:
    requests = week.suggest()

    assert [one.seed for one in requests[:3]] == [one.seed for one in requests[3:]]
    assert len({one.seed for one in requests}) == 3


def test_a_program_is_told_the_trial_and_its_scenario(week: Tuned) -> None:
    told = week.suggest()[4].environment()

    assert (told["HPO_STUDY"], told["HPO_TRIAL"], told["HPO_SCENARIO"]) == (week.name, "1", "tue")


def test_a_trial_has_its_value_when_its_last_simulation_has_ended(week: Tuned) -> None:
    requests = week.suggest()[:3]
    for request, value in zip(requests[:2], [1.0, 2.0], strict=True):
        week.complete(request, value)
    assert week.states()[0] is TrialState.RUNNING

    week.complete(requests[2], 6.0)

    assert (week.records()[0].state, week.records()[0].value) == (TrialState.COMPLETE, 3.0)
    assert week.records()[0].metrics == {"time_s": 2.0}


def test_a_failed_simulation_fails_the_trial_and_runs_again_alone(week: Tuned) -> None:
    requests = week.suggest()[:3]
    week.complete(requests[0], 1.0)
    week.fail(requests[1])
    assert week.states()[0] is TrialState.RUNNING
    week.complete(requests[2], 2.0)
    assert week.states()[0] is TrialState.FAIL

    week.complete(requests[1], 3.0, try_number=2)

    last = week.records()[-1]
    assert (last.state, last.value, last.replaces) == (TrialState.COMPLETE, 2.0, 0)
    assert week.progress().failed == 0
    assert week.claim(requests[0], 2).answered


def test_two_failed_simulations_that_are_cleared_together_give_one_value(week: Tuned) -> None:
    requests = week.suggest()[:3]
    week.fail(requests[0])
    week.fail(requests[1])
    week.complete(requests[2], 2.0)

    week.complete(requests[0], 1.0, try_number=2)
    week.complete(requests[1], 3.0, try_number=2)

    assert best_value(week) == 2.0
    assert (week.progress().complete, week.progress().failed) == (1, 0)


def test_a_simulation_with_a_changed_program_changes_its_trial(week: Tuned) -> None:
    requests = week.suggest()[:3]
    for request in requests:
        week.complete(request, 1.0)

    week.complete(requests[2], 4.0, try_number=2, work="other")

    assert best_value(week) == 2.0


def test_a_lost_simulation_ends_its_trial(week: Tuned) -> None:
    requests = week.suggest()[:3]
    for request in requests[:2]:
        week.complete(request)
    week.started(requests[2])

    reap(week.store, companion_of(week.name), [requests[2].number or 0])

    assert week.states()[0] is TrialState.FAIL


def test_a_repeated_conclusion_tells_nothing_twice(week: Tuned) -> None:
    requests = week.suggest()[:3]
    started = [week.started(request) for request in requests]
    for _ in range(2):
        for one in started:
            week.conclude(*one)

    assert week.states() == [TrialState.COMPLETE, TrialState.RUNNING]


def test_simulations_have_slots_of_their_own(week: Tuned) -> None:
    slots = [week.claim(request).request.slot for request in week.suggest()]

    assert slots == [0, 1, 2, 3, 4, 5]


def test_no_simulation_begins_in_a_stopped_study(week: Tuned) -> None:
    from airflow_hpo.studies.stop import must_not_start, request_stop

    week.suggest()
    request_stop(week.store, week.name, "enough")

    assert must_not_start(week.store, week.store.edition(companion_of(week.name)), 0)


def test_a_waiting_task_asks_for_the_trial_of_its_simulation(store: Store) -> None:
    week = Tuned(store, declared(scenarios=DAYS, parallelism=3, batch_size=1, max_trials=2, max_failures=0))
    lazy = reserve(store, week.name, 1, 1024)
    assert len(lazy) == 6

    given, _ = ask_for(store, week.name, [lazy[1].key])
    refused, _ = ask_for(store, week.name, [lazy[3].key])

    assert ([one.key for one in given], refused) == (["001/1"], [])
    assert (given[0].part_of, given[0].scenario) == (0, Scenario("tue"))
    for key in ("001/0", "001/1", "001/2"):
        week.complete(ask_for(store, week.name, [key])[0][0])
    assert ask_for(store, week.name, [lazy[3].key])[0][0].part_of == 1


def test_the_study_is_over_when_its_trials_are_and_not_its_simulations(store: Store) -> None:
    week = Tuned(store, declared(scenarios=DAYS, parallelism=3, max_trials=2, batch_size=1))
    for batch in (1, 2):
        assert not status(store, week.name).verdict.over
        for request in week.suggest(batch):
            week.complete(request)

    assert status(store, week.name).verdict.over
    assert week.suggest(3) == []


def test_simulations_that_end_at_once_give_their_trial_one_value(week: Tuned) -> None:
    requests = week.suggest()
    started = [week.started(request) for request in requests]

    with ThreadPoolExecutor(len(started)) as pool:
        list(pool.map(lambda one: week.conclude(*one), started))

    assert week.states() == [TrialState.COMPLETE, TrialState.COMPLETE]


def test_what_each_scenario_measured_stands_in_the_export(week: Tuned) -> None:
    requests = week.suggest()[:3]
    week.complete(requests[0], 1.0)
    week.fail(requests[1])
    week.complete(requests[2], 2.0)
    week.complete(requests[1], 3.0, try_number=2)

    row = trial_rows(week.store, week.name)[-1]

    assert [row[f"scenarios.{day}"] for day in DAYS] == [1.0, 3.0, 2.0]


def test_a_list_of_studies_shows_no_companion(week: Tuned) -> None:
    assert [edition.name for edition in week.store.read(editions.find)] == [week.name]
