from __future__ import annotations

import math

import pytest

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.pages.attempts import attempts_of
from airflow_hpo.pages.columns import columns_of
from airflow_hpo.pages.curves import MOST, best_curves, curves_of, numbers_in
from airflow_hpo.pages.failures import failures_of
from airflow_hpo.pages.models.trials import AttemptColumns, Columns, Curves, Failures
from airflow_hpo.storage.tables import AttemptRow
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from tests.integration.trial_tasks import Tuned, declared

DAYS = ["mon", "tue", "wed"]


@pytest.fixture
def week(store: Store) -> Tuned:
    """A study of trials of three simulations."""
    return Tuned(store, declared(scenarios=DAYS, parallelism=6, batch_size=1))


def attempts(tuned: Tuned) -> AttemptColumns:
    return attempts_of(tuned.store, tuned.store.edition(tuned.name))


def failures(tuned: Tuned) -> Failures:
    return failures_of(tuned.store, tuned.store.edition(tuned.name))


def columns(tuned: Tuned) -> Columns:
    return columns_of(tuned.store, tuned.store.edition(tuned.name))


def curves(tuned: Tuned, *numbers: int) -> Curves:
    return curves_of(tuned.store, tuned.store.edition(tuned.name), numbers)


def reported(tuned: Tuned, place: int, value: float) -> None:
    claimed, attempt = tuned.started(tuned.suggest()[place])
    tuned.report(attempt, {1: value + 1, 2: value})
    tuned.conclude(claimed, attempt, value)


def test_attempts_tell_when_they_ran_and_in_which_slot(tuned: Tuned) -> None:
    requests = tuned.suggest()
    tuned.complete(requests[0])
    tuned.started(requests[2])
    found = attempts(tuned)
    assert (found.number, found.attempt, found.scenario) == ([0, 2], [1, 1], [None, None])
    assert (found.outcome, found.slot) == (["complete", "running"], [0, 0])
    assert found.started[0] > 1.7e9
    assert [each is None for each in found.finished] == [False, True]


def test_what_an_attempt_waited_for_before_its_program_ran_is_told_apart(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    with tuned.store.session() as session:
        row = session.get(AttemptRow, 1)
        assert row is not None
        row.seconds = {"pool": 60, "creation": 1, "scheduling": 2.5, "start": 0.5, "running": 30}
    assert attempts(tuned).waiting == [4.0]


def test_an_attempt_that_another_one_replaced_does_not_run_for_ever(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.started(request)
    tuned.complete(request, try_number=2)
    with tuned.store.session() as session:
        row = session.get(AttemptRow, 1)
        assert row is not None
        row.outcome, row.finished_at, row.kind = "running", None, None
    found = attempts(tuned)
    assert (found.outcome, found.kind) == (["lost", "complete"], ["killed", None])


def test_attempts_of_simulations_name_their_trial_and_their_scenario(week: Tuned) -> None:
    requests = week.suggest()
    week.complete(requests[1])
    week.started(requests[5])
    found = attempts(week)
    assert list(zip(found.number, found.scenario, strict=True)) == [(0, "tue"), (1, "wed")]


def test_a_trial_of_several_simulations_counts_the_attempts_of_all(week: Tuned) -> None:
    requests = week.suggest()
    for request in requests[:2]:
        week.complete(request)
    week.fail(requests[2])
    found = columns(week)
    assert (found.state[0], found.attempts[:2], found.kind[0], found.map_index[0]) == ("failed", [3, 0], "program", 2)


def test_failures_are_counted_by_their_reason_the_most_frequent_first(tuned: Tuned) -> None:
    requests = tuned.suggest()
    tuned.fail(requests[0], reason="No memory.", kind="program")
    for request in requests[1:3]:
        tuned.fail(request)
    told = [(each.kind, each.sentence, each.count, each.numbers) for each in failures(tuned).failures]
    assert told == [("program", "It broke.", 2, [1, 2]), ("program", "No memory.", 1, [0])]
    assert all(each.allowed for each in failures(tuned).failures)


def test_a_failure_that_ran_again_counts_no_longer(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request)
    tuned.complete(request, try_number=2)
    assert failures(tuned).failures == []


def test_failures_that_ended_their_study_were_not_allowed(store: Store) -> None:
    tuned = Tuned(store, declared(max_failures=0, stop_on_same_failure=None))
    tuned.fail(tuned.suggest()[0])
    finish(tuned.store, status(tuned.store, tuned.name))
    assert [each.allowed for each in failures(tuned).failures] == [False]


def test_a_failed_simulation_tells_why_its_trial_failed(week: Tuned) -> None:
    requests = week.suggest()
    for request in requests[:2]:
        week.complete(request)
    week.fail(requests[2])
    assert [(each.sentence, each.numbers) for each in failures(week).failures] == [("It broke.", [0])]


def test_curves_of_named_trials_are_told_by_step(tuned: Tuned) -> None:
    _, attempt = tuned.started(tuned.suggest()[1])
    tuned.report(attempt, {1: 0.5, 2: math.inf})
    told = curves(tuned, 0, 1).model_dump()
    assert told == {"curves": [{"number": 1, "steps": [1, 2], "values": [0.5, None]}]}


def test_the_best_trials_are_those_that_count(store: Store) -> None:
    tuned = Tuned(store, declared(parallelism=4, batch_size=4))
    for place, value in enumerate((0.4, 0.1, 0.3, 0.2)):
        reported(tuned, place, value)
    invalidate(tuned.store, tuned.name, 1, "Wrong data.")
    found = best_curves(tuned.store, tuned.store.edition(tuned.name), 2)
    assert [(each.number, each.values) for each in found.curves] == [(2, [1.3, 0.3]), (3, [1.2, 0.2])]


def test_a_scenario_is_a_step_of_its_trials_curve(week: Tuned) -> None:
    for request, value in zip(week.suggest()[:3], (1.0, 3.0, 2.0), strict=True):
        week.complete(request, value=value)
    found = curves(week, 0).curves[0]
    assert (found.steps, found.values) == ([0, 1, 2], [1.0, 3.0, 2.0])


@pytest.mark.parametrize("text", ["", "1,,2", "a", "1;2", "-1", "1" * 10, "\uff11"])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(DeclarationError, match="commas"):
        numbers_in(text)


def test_more_curves_than_can_be_told_apart_are_refused(tuned: Tuned) -> None:
    with pytest.raises(DeclarationError, match="Name fewer"):
        curves(tuned, *range(MOST + 1))
    assert numbers_in("1, 2,30") == [1, 2, 30]
