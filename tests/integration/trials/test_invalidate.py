from __future__ import annotations

import optuna
import pytest

from airflow_hpo.core.trial import TrialRequest, TrialState
from airflow_hpo.exceptions import PermanentHpoError, StudyNotFoundError
from airflow_hpo.optuna.read import StudyReader
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.status import status
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.trials.rows import trial_rows
from tests.integration.trial_tasks import START, Tuned, declared

WHY = "The data of that day were broken."


@pytest.fixture
def requests(tuned: Tuned) -> list[TrialRequest]:
    """Four trials, of which trial 0 is the best."""
    found = tuned.suggest()
    for value, request in enumerate(found):
        tuned.complete(request, value=float(value))
    return found


def test_a_result_that_was_taken_back_is_not_the_best(tuned: Tuned, requests: list[TrialRequest]) -> None:
    invalidate(tuned.store, tuned.name, 0, WHY)
    best = tuned.progress().best
    assert best is not None
    assert (best.number, best.value) == (1, 1.0)


def test_it_counts_neither_as_success_nor_as_failure(tuned: Tuned, requests: list[TrialRequest]) -> None:
    look = invalidate(tuned.store, tuned.name, 0, WHY).status
    assert (look.progress.complete, look.progress.failed) == (3, 0)
    assert look.verdict.needed == 10 - 3


def test_a_study_that_counts_finished_trials_wants_another(tuned: Tuned) -> None:
    other = Tuned(tuned.store, declared(name="all", count="finished", max_trials=4))
    for request in other.suggest():
        other.complete(request)
    assert status(other.store, other.name).verdict.over
    assert invalidate(other.store, other.name, 2, WHY).status.verdict.needed == 1
    assert len(other.suggest(2)) == 1


def test_its_task_runs_the_parameters_again_as_a_new_trial(tuned: Tuned, requests: list[TrialRequest]) -> None:
    invalidate(tuned.store, tuned.name, 0, WHY)
    again = tuned.complete(requests[0], value=0.5, try_number=2)
    assert (again.number, again.replaces, again.params) == (4, 0, requests[0].params)
    progress = tuned.progress()
    assert (progress.complete, progress.best and progress.best.number) == (4, 4)


def test_a_pruned_trial_can_be_taken_back(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.conclude(*tuned.started(request), pruned=True)
    assert invalidate(tuned.store, tuned.name, 0, WHY).status.progress.pruned == 0


def test_saying_it_again_keeps_the_first_reason(tuned: Tuned, requests: list[TrialRequest]) -> None:
    invalidate(tuned.store, tuned.name, 0, WHY)
    assert invalidate(tuned.store, tuned.name, 0, "Another.").record.invalid == WHY


def test_the_export_says_why(tuned: Tuned, requests: list[TrialRequest]) -> None:
    invalidate(tuned.store, tuned.name, 0, WHY)
    row = trial_rows(tuned.store, tuned.name)[0]
    assert (row["state"], row["loss"], row["reason"]) == ("invalid", None, WHY)


def test_samplers_and_pruners_see_a_failed_trial(
    tuned: Tuned, requests: list[TrialRequest], ready_database: Database
) -> None:
    invalidate(tuned.store, tuned.name, 0, WHY)
    _, trials = StudyReader(ready_database).snapshot(tuned.name)
    assert (trials[0].state, trials[0].values) == (optuna.trial.TrialState.FAIL, None)
    assert [trial.state for trial in trials[1:]] == [optuna.trial.TrialState.COMPLETE] * 3


def test_optuna_itself_names_another_best_trial_and_keeps_the_old_value(
    tuned: Tuned, requests: list[TrialRequest]
) -> None:
    invalidate(tuned.store, tuned.name, 0, WHY)
    study = tuned.store.optuna.load(tuned.name)
    assert study.best_trial.number == 1
    assert study.trials[0].value == 0.0


def test_a_point_of_a_grid_comes_again(tuned: Tuned) -> None:
    space = {"kind": {"type": "categorical", "choices": ["a", "b"]}}
    grid = Tuned(tuned.store, declared(name="grid", space=space, sampler="grid", max_trials=2))
    first = grid.suggest()
    for request in first:
        grid.complete(request)
    invalidate(grid.store, grid.name, 0, WHY)
    assert [request.params for request in grid.suggest(2)] == [first[0].params]


@pytest.mark.parametrize("mode", ["points", "values"])
def test_the_next_edition_does_not_take_it_over(tuned: Tuned, requests: list[TrialRequest], mode: str) -> None:
    invalidate(tuned.store, tuned.name, 0, WHY)
    warm = declared(warm_start={"mode": mode, "trials": 2})
    name = open_edition(tuned.store, warm, "later", START).name
    study = tuned.store.optuna.load(name)
    taken = study.user_attrs["hpo:warm_points"] if mode == "points" else [trial.params for trial in study.trials]
    assert taken == [requests[1].params, requests[2].params]


def test_a_study_that_had_ended_gets_another_best(tuned: Tuned) -> None:
    small = Tuned(tuned.store, declared(name="small", max_trials=3))
    for value, request in enumerate(small.suggest()):
        small.complete(request, value=float(value))
    finish(small.store, status(small.store, small.name))
    done = invalidate(small.store, small.name, 0, WHY)
    edition = small.store.edition(small.name)
    assert (edition.best_number, edition.best_value) == (1, 1.0)
    assert edition.finished is not None
    assert done.aftermath is not None
    assert "trial 1 is its best now" in done.aftermath


def test_summing_up_again_after_the_budget_is_no_longer_full_keeps_the_new_best(tuned: Tuned) -> None:
    small = Tuned(tuned.store, declared(name="small", max_trials=3))
    requests = small.suggest()
    for value, request in enumerate(requests):
        small.complete(request, value=float(value))
    finish(small.store, status(small.store, small.name))
    invalidate(small.store, small.name, 0, WHY)
    small.complete(requests[1], value=5.0, try_number=2, work="1e" * 8)
    assert finish(small.store, status(small.store, small.name)).data["number"] == 2
    assert small.store.edition(small.name).best_number == 2


def test_the_only_result_leaves_an_ended_study_without_best(tuned: Tuned) -> None:
    one = Tuned(tuned.store, declared(name="one", max_trials=1))
    one.complete(one.suggest()[0])
    finish(one.store, status(one.store, one.name))
    assert "no trial is its best any more" in (invalidate(one.store, one.name, 0, WHY).aftermath or "")
    assert one.store.edition(one.name).best_number is None


def test_a_running_trial_has_no_result_to_take_back(tuned: Tuned) -> None:
    tuned.suggest()
    with pytest.raises(PermanentHpoError, match="running"):
        invalidate(tuned.store, tuned.name, 0, WHY)
    assert tuned.states()[0] is TrialState.RUNNING


def test_a_failed_trial_has_none_either(tuned: Tuned) -> None:
    tuned.fail(tuned.suggest()[0])
    with pytest.raises(PermanentHpoError, match="Clear its task"):
        invalidate(tuned.store, tuned.name, 0, WHY)


def test_a_replaced_trial_is_refused_with_the_number_of_the_newer_one(
    tuned: Tuned, requests: list[TrialRequest]
) -> None:
    tuned.complete(requests[0], try_number=2, work="1e" * 8)
    with pytest.raises(PermanentHpoError, match="Invalidate trial 4"):
        invalidate(tuned.store, tuned.name, 0, WHY)


def test_an_unknown_trial_is_refused(tuned: Tuned) -> None:
    with pytest.raises(StudyNotFoundError, match="no trial 7"):
        invalidate(tuned.store, tuned.name, 7, WHY)
