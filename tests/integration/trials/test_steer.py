"""A point that a person adds to a running study, and a trial that a person ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_hpo.core.space.space import Float, Int
from airflow_hpo.core.trial import TrialState
from airflow_hpo.exceptions import DeclarationError, PermanentHpoError, StudyNotFoundError
from airflow_hpo.storage import acts
from airflow_hpo.studies.stop import request_stop
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.lost import reap
from airflow_hpo.trials.monitor import TrialMonitor
from airflow_hpo.trials.reporter import TrialReporter
from airflow_hpo.trials.steer import add_trial, end_trial
from tests.integration.trial_tasks import Tuned, declared

BY = "ann@host"


@pytest.fixture
def numbers(store: Store) -> Tuned:
    return Tuned(store, declared(space={"lr": Float(0, 1), "layers": Int(1, 9)}))


def test_an_added_point_is_the_next_trial_and_is_kept_with_who_added_it(numbers: Tuned) -> None:
    added = add_trial(numbers.store, numbers.name, {"lr": 0.25, "layers": 7.0}, BY)
    assert numbers.suggest()[0].params == {"lr": 0.25, "layers": 7}
    [act] = numbers.store.read(acts.of, numbers.name)
    assert (act.by, act.number, act.details) == (BY, added.number, {"lr": 0.25, "layers": 7})
    assert isinstance(numbers.suggest()[0].params["layers"], int)


def test_two_people_who_add_one_point_at_once_add_it_once(numbers: Tuned) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(add_trial, numbers.store, numbers.name, {"lr": 0.25, "layers": 7}, by) for by in "ab"]
        added = [one.result() for one in asked]
    assert {one.number for one in added} == {0}
    assert sorted(one.again for one in added) == [False, True]
    assert len(numbers.store.read(acts.of, numbers.name)) == 1


@pytest.mark.parametrize(
    ("point", "said"),
    [({"lr": 2.0}, "must lie in the space"), ({"rl": 0.5}, "names parameters"), ({}, "at least one value")],
)
def test_a_point_outside_the_space_is_refused(numbers: Tuned, point: dict[str, float], said: str) -> None:
    with pytest.raises(PermanentHpoError, match=said):
        add_trial(numbers.store, numbers.name, point, BY)
    assert numbers.states() == []


def test_a_point_that_breaks_a_constraint_is_refused_with_its_values(store: Store) -> None:
    tuned = Tuned(store, declared(space={"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, constraints=["x + y <= 1"]))
    with pytest.raises(DeclarationError, match=r"breaks 'x \+ y <= 1', with x=0.8, y=0.5"):
        add_trial(store, tuned.name, {"x": 0.8, "y": 0.5}, BY)
    assert not add_trial(store, tuned.name, {"x": 0.8}, BY).again


def test_a_point_that_a_trial_has_is_refused(numbers: Tuned) -> None:
    params = numbers.suggest()[0].params
    with pytest.raises(DeclarationError, match="another trial has"):
        add_trial(numbers.store, numbers.name, params, BY)


def test_more_points_than_the_study_still_wants_are_refused(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=1))
    add_trial(store, tuned.name, {"x": 0.5}, BY)
    with pytest.raises(PermanentHpoError, match="extend"):
        add_trial(store, tuned.name, {"x": 0.6}, BY)


def test_a_study_that_is_over_takes_no_point(tuned: Tuned) -> None:
    request_stop(tuned.store, tuned.name, "Enough.", by=BY)
    with pytest.raises(PermanentHpoError, match=r"is over\. The study was stopped: Enough\."):
        add_trial(tuned.store, tuned.name, {"x": 0.5}, BY)
    [act] = tuned.store.read(acts.of, tuned.name)
    assert str(act).endswith("ann@host stopped the study: Enough.")


def test_a_running_trial_that_a_person_ends_is_pruned_with_who_ended_it(tuned: Tuned) -> None:
    request, other = tuned.suggest()[:2]
    claimed, attempt = tuned.started(request)
    _, unasked = tuned.started(other)
    end_trial(tuned.store, tuned.name, request.number or 0, BY)
    assert end_trial(tuned.store, tuned.name, request.number or 0, "bob").again
    monitors = [
        TrialMonitor(TrialReporter(tuned.store, tuned.study, one), tuned.store, tuned.name, one.number, 0)
        for one in (attempt, unasked)
    ]
    assert [monitor(()) for monitor in monitors] == [True, False]
    assert monitors[0].reason == "The trial was ended by ann@host."
    tuned.conclude(claimed, attempt, pruned=True)
    assert tuned.states()[:2] == [TrialState.PRUNED, TrialState.RUNNING]
    with pytest.raises(PermanentHpoError, match="is pruned"):
        end_trial(tuned.store, tuned.name, request.number or 0, BY)


def test_a_program_that_breaks_when_it_is_ended_uses_no_failure(tuned: Tuned) -> None:
    request, lost = tuned.suggest()[:2]
    tuned.started(lost)
    for one in (request, lost):
        end_trial(tuned.store, tuned.name, one.number or 0, BY)
    assert tuned.fail(request, program_retries=3)
    reap(tuned.store, tuned.name, [lost.number or 0])
    assert tuned.states()[:2] == [TrialState.PRUNED, TrialState.PRUNED]
    assert tuned.progress().blamed == 0


def test_a_trial_of_which_nothing_is_known_is_not_ended(tuned: Tuned) -> None:
    with pytest.raises(StudyNotFoundError):
        end_trial(tuned.store, tuned.name, 99, BY)
