from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.budget import End
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.trial import TrialState
from airflow_hpo.core.trial_key import key_of
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.evaluations.select import shortlist
from airflow_hpo.optuna.read import StudyReader
from airflow_hpo.storage import editions
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.rows import edition_row
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for, reserve
from airflow_hpo.trials.attempts import locate
from tests.integration.trial_tasks import Tuned, declared
from tests.single_requests import ask_one


def sealed(tuned: Tuned, batch: int = 1) -> int | None:
    with tuned.store.session() as session:
        return editions.batch_size(session, tuned.name, batch)


def test_the_first_batch_fills_every_slot(tuned: Tuned) -> None:
    requests = tuned.suggest()
    assert [request.key for request in requests] == ["001/0", "001/1", "001/2", "001/3"]
    assert [request.number for request in requests] == [0, 1, 2, 3]


def test_a_class_that_others_wrote_fills_batches_and_keeps_its_notes(store: Store) -> None:
    sampler = Sampler("tests.unit.optuna.samplers_of_others:Keeping", width=0.1)
    tuned = Tuned(store, declared(sampler=sampler, space={"x": Float(0, 1)}))
    first = tuned.suggest()
    for request in first:
        tuned.complete(request)
    assert tuned.suggest() == first
    tuned.suggest(2)
    _, trials = StudyReader(store.database).snapshot(tuned.name)
    turns = [trial.system_attrs["mine:turn"] for trial in trials]
    assert turns == list(range(len(turns)))


def test_a_batch_asked_for_again_is_the_same(tuned: Tuned) -> None:
    first = tuned.suggest()
    assert tuned.suggest() == first
    assert sealed(tuned) == 4


def test_a_batch_stays_the_same_when_its_trials_have_ended(tuned: Tuned) -> None:
    first = tuned.suggest()
    for request in first:
        tuned.complete(request)
    assert tuned.suggest() == first


def test_a_batch_that_was_killed_before_it_was_sealed_is_the_same(tuned: Tuned) -> None:
    keys = [key_of(1, index) for index in range(4)]
    asked = tuned.store.optuna.ask(tuned.name, tuned.study, keys)
    assert tuned.suggest() == asked
    assert sealed(tuned) == 4


def test_a_batch_that_was_killed_while_it_was_asked_for_is_completed(tuned: Tuned) -> None:
    asked = tuned.store.optuna.ask(tuned.name, tuned.study, ["001/0", "001/1"])
    requests = tuned.suggest()
    assert requests[:2] == asked
    assert len(requests) == 4


def test_no_more_than_the_free_slots_are_suggested(tuned: Tuned) -> None:
    first = tuned.suggest()
    for request in first[:3]:
        tuned.complete(request)
    assert [request.key for request in tuned.suggest(2)] == ["002/0", "002/1", "002/2"]


def test_without_a_free_slot_nothing_is_suggested_or_sealed(tuned: Tuned) -> None:
    tuned.suggest()
    assert tuned.suggest(2) == []
    assert sealed(tuned, 2) is None


def test_a_batch_that_got_nothing_may_get_trials_later(tuned: Tuned) -> None:
    first = tuned.suggest()
    tuned.suggest(2)
    tuned.complete(first[0])
    assert len(tuned.suggest(2)) == 1


def test_fewer_are_suggested_near_the_end(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=5))
    for request in tuned.suggest():
        tuned.complete(request)
    assert len(tuned.suggest(2)) == 1


def test_nothing_is_suggested_after_the_end(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=4))
    for request in tuned.suggest():
        tuned.complete(request)
    assert tuned.suggest(2) == []


def test_a_failed_trial_is_suggested_anew(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=4))
    requests = tuned.suggest()
    tuned.fail(requests[0])
    for request in requests[1:]:
        tuned.complete(request)
    assert [request.number for request in tuned.suggest(2)] == [4]


def test_a_grid_ends_with_its_points(store: Store) -> None:
    space = {"kind": {"type": "categorical", "choices": ["a", "b", "c"]}}
    tuned = Tuned(store, declared(space=space, sampler="grid", max_trials=None))
    assert sorted(str(request.params["kind"]) for request in tuned.suggest()) == ["a", "b", "c"]


def test_a_point_of_a_grid_that_fails_twice_does_not_hold_up_its_end(store: Store) -> None:
    space = {"kind": {"type": "categorical", "choices": ["a", "b", "c"]}}
    tuned = Tuned(store, declared(space=space, sampler="grid", max_trials=None, max_failures=3))
    for request in tuned.suggest():
        end = tuned.fail if request.params["kind"] == "b" else tuned.complete
        end(request)
    again = tuned.suggest(2)
    assert [request.params["kind"] for request in again] == ["b"]
    assert status(store, tuned.name).verdict.end is None
    tuned.fail(again[0])
    assert tuned.suggest(3) == []
    judged = status(store, tuned.name).verdict
    assert (judged.end, judged.needed) == (End.EXHAUSTED, 0)
    summary = finish(store, status(store, tuned.name))
    assert (summary.data["end"], summary.data["complete"], summary.data["failed"]) == ("exhausted", 2, 2)
    assert summary.failure is None


def test_a_point_of_a_grid_that_failed_with_two_programs_is_asked_for_again(store: Store) -> None:
    space = {"kind": {"type": "categorical", "choices": ["a", "b"]}}
    tuned = Tuned(store, declared(space=space, sampler="grid", max_trials=None, max_failures=5))
    for request in tuned.suggest():
        tuned.fail(request, work="first") if request.params["kind"] == "b" else tuned.complete(request)
    for batch, work in [(2, "mended"), (3, "mended")]:
        [again] = tuned.suggest(batch)
        assert again.params["kind"] == "b"
        assert status(store, tuned.name).verdict.end is None
        tuned.fail(again, work=work)
    assert tuned.suggest(4) == []
    assert status(store, tuned.name).verdict.end is End.EXHAUSTED
    assert finish(store, status(store, tuned.name)).failure is None


def test_a_point_of_a_grid_that_a_mended_program_measures_counts(store: Store) -> None:
    space = {"kind": {"type": "categorical", "choices": ["a", "b"]}}
    tuned = Tuned(store, declared(space=space, sampler="grid", max_trials=None, max_failures=5))
    for request in tuned.suggest():
        tuned.fail(request, work="first")
    for request in tuned.suggest(2):
        tuned.fail(request, work="second") if request.params["kind"] == "b" else tuned.complete(request, work="second")
    [again] = tuned.suggest(3)
    tuned.complete(again, 0.25, work="third")
    summary = finish(store, status(store, tuned.name))
    assert (summary.data["end"], summary.data["value"], summary.failure) == ("max_trials", 0.25, None)


def test_a_grid_whose_values_were_all_taken_over_is_over_with_the_best_of_them(store: Store) -> None:
    space = {"kind": {"type": "categorical", "choices": ["a", "b"]}}
    first = Tuned(store, declared(space=space, sampler="grid", max_trials=None), "first")
    of_a, of_b = sorted(first.suggest(), key=lambda request: str(request.params["kind"]))
    first.complete(of_a, 2.0)
    first.complete(of_b, 1.0)
    study = declared(space=space, sampler="grid", max_trials=None, warm_start=WarmStart(mode="values"))
    second = Tuned(store, study, "second")
    assert second.suggest() == []
    assert status(store, second.name).verdict.end is End.EXHAUSTED
    looked = status(store, second.name)
    summary = finish(store, looked)
    assert summary.failure is None
    best = summary.data
    assert (best["end"], best["complete"], best["value"], best["params"]) == ("exhausted", 0, 1.0, {"kind": "b"})
    assert best["taken_over"] == f"demo@first#{of_b.number}"
    assert f"Best: trial {best['number']}, loss = 1.0, taken over from demo@first#{of_b.number}" in summary.text
    assert edition_row(store, store.edition(second.name))["best"] == 1.0
    [candidate] = shortlist(store, second.name, 1).candidates
    assert (candidate.params, candidate.value, candidate.study) == ({"kind": "b"}, 1.0, second.name)


def test_a_value_that_was_taken_over_stays_the_best_of_a_study_that_found_worse(store: Store) -> None:
    space = {"kind": {"type": "categorical", "choices": ["a", "b"]}}
    first = Tuned(store, declared(space=space, sampler="grid", max_trials=1), "first")
    first.complete(first.suggest()[0], 0.5)
    study = declared(space=space, sampler="grid", max_trials=None, warm_start=WarmStart(mode="values"))
    second = Tuned(store, study, "second")
    second.complete(second.suggest()[0], 3.0)
    best = finish(store, status(store, second.name)).data
    assert (best["end"], best["complete"], best["value"]) == ("exhausted", 1, 0.5)
    assert best["taken_over"] == "demo@first#0"


def test_reserved_requests_have_no_parameters_yet(tuned: Tuned) -> None:
    requests = reserve(tuned.store, tuned.name, 1, 1024)
    assert {request.number for request in requests} == {None}
    assert tuned.records() == []


def test_as_many_are_reserved_as_the_study_can_need(tuned: Tuned) -> None:
    assert len(reserve(tuned.store, tuned.name, 1, 1024)) == 10 + tuned.study.failures_allowed


def test_only_as_many_are_reserved_as_one_map_holds(tuned: Tuned) -> None:
    assert len(reserve(tuned.store, tuned.name, 1, 7)) == 7


def test_reserving_again_returns_the_same_however_far_the_study_is(tuned: Tuned) -> None:
    first = reserve(tuned.store, tuned.name, 1, 1024)
    asked, _ = ask_one(tuned.store, tuned.name, first[0].key)
    assert asked
    tuned.complete(asked)
    assert reserve(tuned.store, tuned.name, 1, 1024) == first


def test_running_trials_are_not_reserved_a_second_time(tuned: Tuned) -> None:
    tuned.suggest()
    assert len(reserve(tuned.store, tuned.name, 2, 1024)) == 6 + tuned.study.failures_allowed


def test_nothing_is_reserved_after_the_end(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=4))
    for request in tuned.suggest():
        tuned.complete(request)
    assert reserve(store, tuned.name, 2, 1024) == []


def test_one_trial_is_asked_for_by_its_key(tuned: Tuned) -> None:
    first, _ = ask_one(tuned.store, tuned.name, "001/5")
    again, _ = ask_one(tuned.store, tuned.name, "001/5")
    assert first == again
    assert len(tuned.records()) == 1


def test_no_trial_is_given_without_a_free_slot(tuned: Tuned) -> None:
    tuned.suggest()
    request, status = ask_one(tuned.store, tuned.name, "002/0")
    assert request is None
    assert not status.verdict.over


def test_a_trial_that_exists_is_given_without_a_free_slot(tuned: Tuned) -> None:
    requests = tuned.suggest()
    assert ask_one(tuned.store, tuned.name, "001/2")[0] == requests[2]


def test_no_trial_is_given_after_the_end(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=4))
    for request in tuned.suggest():
        tuned.complete(request)
    request, status = ask_one(store, tuned.name, "002/0")
    assert request is None
    assert status.verdict.over


def test_many_that_ask_at_once_share_the_slots(tuned: Tuned, ready_database: Database) -> None:
    def ask(index: int) -> bool:
        return ask_one(Store(ready_database), tuned.name, key_of(1, index))[0] is not None

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(ask, range(8)))
    assert sum(given) == 4
    assert tuned.states() == [TrialState.RUNNING] * 4


def test_a_sealed_batch_does_not_grow_when_more_slots_are_free(tuned: Tuned) -> None:
    first = tuned.suggest()
    tuned.complete(first[0])
    second = tuned.suggest(2)
    tuned.complete(first[1])
    assert tuned.suggest(2) == second
    assert len(second) == 1


def test_of_several_keys_as_many_are_given_as_there_is_room_for(tuned: Tuned) -> None:
    slots = tuned.store.edition(tuned.name).study.slots
    keys = [key_of(1, index) for index in range(slots + 2)]
    given, _ = ask_for(tuned.store, tuned.name, keys)
    assert [one.key for one in given] == keys[:slots]
    again, _ = ask_for(tuned.store, tuned.name, keys)
    assert again == given


@pytest.fixture
def gentle(store: Store) -> Tuned:
    """A study of which two trials may wait for a place."""
    return Tuned(store, declared(name="gentle", max_pending=2))


def test_no_more_are_suggested_than_may_wait_for_a_place(gentle: Tuned) -> None:
    assert [request.key for request in gentle.suggest()] == ["001/0", "001/1"]
    assert gentle.suggest(2) == []


def test_a_trial_whose_pod_has_no_node_yet_keeps_others_from_being_suggested(gentle: Tuned) -> None:
    for request in gentle.suggest():
        gentle.in_pod(request)
    assert gentle.suggest(2) == []


def test_as_many_are_suggested_as_pods_have_got_their_node(gentle: Tuned) -> None:
    first, _ = [gentle.in_pod(request) for request in gentle.suggest()]
    locate(gentle.store, first, Placement(node="node-1"))
    assert [request.key for request in gentle.suggest(2)] == ["002/0"]


def test_a_trial_that_a_worker_has_begun_waits_for_no_place(gentle: Tuned) -> None:
    for request in gentle.suggest():
        gentle.started(request)
    assert len(gentle.suggest(2)) == 2


def test_places_do_not_make_more_slots(gentle: Tuned) -> None:
    for batch in (1, 2):
        for request in gentle.suggest(batch):
            gentle.started(request)
    assert gentle.suggest(3) == []


def test_a_trial_that_ended_without_a_place_makes_room(gentle: Tuned) -> None:
    first, second = gentle.suggest()
    gentle.in_pod(second)
    gentle.fail(first, kind="infrastructure", retries=0)
    assert len(gentle.suggest(2)) == 1


def test_a_trial_that_waits_for_its_next_attempt_waits_for_a_place_again(gentle: Tuned) -> None:
    first, second = gentle.suggest()
    gentle.started(second)
    assert not gentle.fail(first, kind="infrastructure")
    assert len(gentle.suggest(2)) == 1
    locate(gentle.store, gentle.in_pod(first, 2), Placement(node="node-2"))
    assert len(gentle.suggest(3)) == 1


def test_of_several_keys_as_many_are_given_as_may_wait_for_a_place(gentle: Tuned) -> None:
    keys = [key_of(1, index) for index in range(5)]
    given, _ = ask_for(gentle.store, gentle.name, keys)
    assert [one.key for one in given] == keys[:2]
    locate(gentle.store, gentle.in_pod(given[1]), Placement(node="node-1"))
    given, _ = ask_for(gentle.store, gentle.name, keys[2:])
    assert [one.key for one in given] == keys[2:3]


def test_who_is_refused_for_want_of_places_learns_that_the_study_goes_on(gentle: Tuned) -> None:
    gentle.suggest()
    given, status = ask_one(gentle.store, gentle.name, "002/0")
    assert (given, status.verdict.over, status.progress.pending) == (None, False, 2)


def test_many_that_ask_at_once_do_not_exceed_what_may_wait_for_a_place(gentle: Tuned, ready_database: Database) -> None:
    def ask(index: int) -> bool:
        return ask_one(Store(ready_database), gentle.name, key_of(1, index))[0] is not None

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(ask, range(8)))
    assert sum(given) == 2


def test_as_many_are_reserved_as_ever_however_few_may_wait_for_a_place(gentle: Tuned) -> None:
    assert len(reserve(gentle.store, gentle.name, 1, 1024)) == 10 + gentle.study.failures_allowed


def test_attempts_are_read_only_where_few_may_wait_for_a_place(
    tuned: Tuned, gentle: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(session: Session, edition: str) -> list[Attempt]:
        raise AssertionError("Attempts were read.")

    monkeypatch.setattr("airflow_hpo.storage.attempts.running", read)
    assert len(tuned.suggest()) == 4
    with pytest.raises(AssertionError, match="Attempts were read"):
        gentle.suggest()
