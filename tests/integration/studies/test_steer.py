"""Settings that a person changes while a study runs, and their bounds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from airflow_hpo.core.form import Asked
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.settings import typed_settings
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.storage import acts
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.steer import extend_study, set_study
from airflow_hpo.studies.stop import request_stop
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for, reserve
from tests.integration.trial_tasks import START, Tuned, declared

BY = "ann@host"


def opened(store: Store, study: Study) -> Study:
    """Clear the start of the run, and return the study that it then has."""
    return open_edition(store, study, "r", START).study


def test_what_is_set_holds_at_once_and_after_a_clear_until_the_file_says_otherwise(store: Store) -> None:
    tuned = Tuned(store, declared(max_parallelism=8))
    given = typed_settings(["parallelism=8", "timeout=12h", "sampler=tpe", "max_trials=20"])
    edition = set_study(store, tuned.name, given, BY)
    assert len(tuned.suggest()) == 8
    said = "max_trials is 20 instead of 10, parallelism is 8 instead of 4, timeout is 12:00:00 instead of none"
    assert edition.differs == f"This run differs from its file: {said}, sampler is tpe instead of random."
    assert edition.differs in finish(store, status(store, tuned.name)).text
    assert opened(store, declared(max_parallelism=8)).parallelism == 8
    assert opened(store, declared(max_parallelism=8, parallelism=3)).parallelism == 3
    assert store.edition(tuned.name).study.timeout == timedelta(hours=12)


def test_a_lower_parallelism_lets_what_runs_end_and_starts_no_more(tuned: Tuned) -> None:
    first = tuned.suggest()[0]
    set_study(tuned.store, tuned.name, {"parallelism": 1}, BY)
    tuned.complete(first)
    assert status(tuned.store, tuned.name).may_start == 0
    assert store_parallelism(tuned) == (1, 1)


def store_parallelism(tuned: Tuned) -> tuple[int | None, int | None]:
    study = tuned.store.edition(tuned.name).study
    return study.parallelism, study.batch_size


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"parallelism": 5}, "laid out for 4 trials at once.*Write max_parallelism=5"),
        ({"parallelism": 0}, "must be at least 1"),
        ({"max_trials": "many"}, "max_trials"),
        ({"sampler": "tep"}, "tpe"),
        ({"name": "other"}, "but got 'name'"),
    ],
)
def test_what_is_not_possible_is_refused_with_the_reason(tuned: Tuned, given: dict[str, Any], said: str) -> None:
    with pytest.raises(PermanentHpoError, match=said):
        set_study(tuned.store, tuned.name, given, BY)
    assert tuned.store.edition(tuned.name).study == tuned.study
    assert tuned.store.read(acts.of, tuned.name) == []


def test_two_people_who_extend_at_once_both_get_their_trials(tuned: Tuned) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda by: extend_study(tuned.store, tuned.name, 20, by), ["ann", "bob"]))
    study = tuned.store.edition(tuned.name).study
    assert (study.max_trials, study.slots) == (50, 4)
    assert [act.by for act in tuned.store.read(acts.of, tuned.name)] in (["ann", "bob"], ["bob", "ann"])


def test_continuous_dispatch_is_extended_by_its_reserve_and_not_beyond(store: Store) -> None:
    tuned = Tuned(store, declared(max_failures=0, reserve=5))
    requests = reserve(store, tuned.name, 1, limit=1000)
    assert len(requests) == 15
    ask_for(store, tuned.name, [one.key for one in requests[:4]])
    with pytest.raises(PermanentHpoError, match=r"laid out for 11 further trials.*may need 12.*Write reserve=6"):
        extend_study(store, tuned.name, 6, BY)
    assert extend_study(store, tuned.name, 5, BY).study.max_trials == 15


def test_a_study_that_is_over_is_not_changed(tuned: Tuned) -> None:
    request_stop(tuned.store, tuned.name, "Enough.")
    with pytest.raises(PermanentHpoError, match="is over"):
        extend_study(tuned.store, tuned.name, 1, BY)


def asked(**options: Any) -> Asked:
    """Return what a DAG run of a small continuous map asks for."""
    file = declared(**options)
    return Asked(file, Layout.of(file, per_map=10, continuous=True), "ann")


def test_a_study_is_not_extended_beyond_the_tasks_that_were_laid_out(store: Store) -> None:
    first = open_edition(store, declared(max_failures=0), "r", START, asked=asked(max_failures=0))
    with pytest.raises(PermanentHpoError, match=r"laid out for 10 trials.*11 trials may need 11.*Write max_trials=11"):
        extend_study(store, first.name, 1, BY)
    larger = {"max_failures": 0, "max_trials": 15}
    name = open_edition(store, declared(**larger), "s", START, asked=asked(**larger)).name
    # Of two maps the first one is filled: the second one has its places still.
    assert len(reserve(store, name, 1, limit=10)) == 10
    assert extend_study(store, name, 5, BY).study.max_trials == 20
    with pytest.raises(PermanentHpoError, match="laid out for 20 further trials"):
        extend_study(store, name, 1, BY)
