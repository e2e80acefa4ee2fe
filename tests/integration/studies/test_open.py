from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.space.space import Categorical, Float
from airflow_hpo.core.trial import Origin, TrialState
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.exceptions import DeclarationError, StudyConflictError
from airflow_hpo.storage import editions
from airflow_hpo.studies.open import ask_afresh, open_edition
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import START, Tuned, declared


def test_an_edition_knows_the_task_group_that_opened_it(store: Store) -> None:
    edition = open_edition(store, declared(), "r", START)
    assert (edition.name, edition.dag_id, edition.run_id, edition.group_id) == ("demo@r", "tune", "r", "tune")


def test_opening_again_creates_nothing(store: Store) -> None:
    first = open_edition(store, declared(), "r", START)
    assert open_edition(store, declared(), "r", START) == first
    with store.session() as session:
        assert len(editions.find(session)) == 1


def test_opening_after_a_kill_between_both_tables_completes_it(store: Store) -> None:
    store.optuna.create("demo@r", declared())
    assert open_edition(store, declared(), "r", START).name == "demo@r"


def test_a_sampler_that_cannot_work_is_refused_before_anything_is_created(store: Store) -> None:
    sampler = Sampler("tests.unit.optuna.samplers_of_others:Counting")
    with pytest.raises(DeclarationError, match="keeps `asked` in its object"):
        open_edition(store, declared(sampler=sampler, space={"x": Float(0, 1)}), "r", START)
    with store.session() as session:
        assert editions.find(session) == []


def test_a_changed_budget_takes_effect(tuned: Tuned) -> None:
    Tuned(tuned.store, declared(max_trials=33, timeout=60))
    changed = tuned.store.edition(tuned.name).study
    assert (changed.max_trials, changed.timeout and changed.timeout.total_seconds()) == (33, 60)


def test_a_changed_budget_keeps_the_trials(tuned: Tuned) -> None:
    before = tuned.suggest()
    assert Tuned(tuned.store, declared(max_trials=33)).suggest() == before


@pytest.mark.parametrize(
    ("changed", "old", "new"),
    [
        ({"space": {"x": Float(0, 2), "kind": Categorical(["a", "b"])}}, "1.0", "2.0"),
        ({"objective": {"metric": "loss", "direction": "maximize"}}, "minimize", "maximize"),
        ({"objective": "other"}, "loss", "other"),
    ],
    ids=["space", "direction", "metric"],
)
def test_another_search_is_refused_with_both_versions(tuned: Tuned, changed: dict, old: str, new: str) -> None:
    with pytest.raises(StudyConflictError) as caught:
        Tuned(tuned.store, declared(**changed))
    assert old in str(caught.value)
    assert new in str(caught.value)


def test_a_refused_declaration_leaves_the_stored_one(tuned: Tuned) -> None:
    with pytest.raises(StudyConflictError):
        Tuned(tuned.store, declared(objective="other", max_trials=99))
    assert tuned.store.edition(tuned.name).study == tuned.study


@pytest.mark.parametrize("opened", [1, 2], ids=["once", "twice"])
def test_a_warm_start_takes_values_over_once(tuned: Tuned, opened: int) -> None:
    for request in tuned.suggest():
        tuned.complete(request)
    study = declared(warm_start=WarmStart(mode="values", trials=3))
    later = [Tuned(tuned.store, study, "later") for _ in range(opened)][-1]
    assert [(r.state, r.origin) for r in later.records()] == [(TrialState.COMPLETE, Origin.WARM_START)] * 3


def test_results_taken_over_leave_the_budget_whole(tuned: Tuned) -> None:
    for request in tuned.suggest():
        tuned.complete(request)
    later = Tuned(tuned.store, declared(warm_start=WarmStart(mode="values")), "later")
    assert later.progress().finished == 0


def test_a_warm_start_takes_nothing_of_later_data_and_says_so(tuned: Tuned, caplog: pytest.LogCaptureFixture) -> None:
    january, june = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    study = declared(warm_start=WarmStart(mode="values", trials=2))
    Tuned(tuned.store, study, "r", june)
    for request in tuned.suggest():
        tuned.complete(request)
    with caplog.at_level("INFO"):
        assert Tuned(tuned.store, study, "january", january).records() == []
        assert len(Tuned(tuned.store, study, "july", june).records()) == 2
    assert "Warm start: no earlier edition has data that end as early as this one's." in caplog.text
    assert "Warm start: the best trials of earlier editions, 2 of demo@r." in caplog.text


def test_a_new_region_tries_the_best_points_of_the_others_first(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    january, june = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    editions_of = {
        "dispatch/tokyo": january,
        "dispatch/kyoto": june,
        "dispatch/osaka/16w-8w": january,
        "bikes": january,
    }
    for name, until in editions_of.items():
        tuned = Tuned(store, declared(name=name), "r", until)
        for request in tuned.suggest():
            tuned.complete(request)
    study = declared(name="dispatch/osaka/32w-24w", warm_start=WarmStart(trials=2, studies=["dispatch/*"]))
    with caplog.at_level("INFO"):
        new = Tuned(store, study, "r", january)
    assert "Warm start: the best trials of earlier editions, 2 of dispatch/tokyo@r." in caplog.text
    known = store.optuna.records("dispatch/tokyo@r")
    assert [each.params for each in new.suggest()[:2]] == [each.params for each in known[:2]]


def test_another_search_is_opened_once_the_edition_is_to_be_computed_afresh(tuned: Tuned) -> None:
    changed = declared(space={"x": Float(0, 2)})
    with pytest.raises(StudyConflictError, match="`airflow hpo studies afresh demo@r`, then clear"):
        Tuned(tuned.store, changed)
    ask_afresh(tuned.store, tuned.name, "ada asked for it.")
    assert Tuned(tuned.store, changed).name == "demo@r~2"
