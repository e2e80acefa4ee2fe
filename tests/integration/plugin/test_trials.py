"""The trials of a study, as a browser asks for them."""

from __future__ import annotations

import pytest

from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from benchmarks.big_study import big_study
from tests.integration.plugin.people import Person
from tests.integration.trial_tasks import Tuned, declared


@pytest.fixture
def demo(store: Store) -> Tuned:
    """A study with a trial that has ended and three that have not, which is number 1."""
    tuned = Tuned(store, declared())
    tuned.complete(tuned.suggest()[0], value=0.5)
    return tuned


def test_trials_are_columns_of_one_length(viewer: Person, demo: Tuned) -> None:
    answer = viewer.get("/studies/1/trials")
    told = answer.json()
    assert (answer.status_code, told["number"], told["value"]) == (200, [0, 1, 2, 3], [0.5, None, None, None])
    lists = {name: len(column) for name, column in told.items() if isinstance(column, list) and name != "invalid"}
    assert set(lists.values()) == {4}, lists


def test_a_browser_that_has_the_answer_already_gets_none(viewer: Person, demo: Tuned) -> None:
    first = viewer.get("/studies/1/trials?since=1")
    tag = first.headers["ETag"]
    viewer.headers["If-None-Match"] = f"W/{tag}"
    again = viewer.get("/studies/1/trials?since=1")
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert sum(len(name) + len(value) + 4 for name, value in again.headers.items()) < 300
    demo.complete(demo.suggest()[1])
    assert viewer.get("/studies/1/trials?since=1").status_code == 200


def test_a_large_answer_is_compressed_for_those_who_can_read_it(viewer: Person, store: Store) -> None:
    big_study(store.database, 1_000)
    viewer.headers["Accept-Encoding"] = "gzip"
    packed = viewer.get("/studies/1/trials")
    viewer.headers["Accept-Encoding"] = "identity"
    plain = viewer.get("/studies/1/trials")
    assert (packed.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert packed.json() == plain.json()
    assert int(packed.headers["Content-Length"]) < 73 * 1_000 < int(plain.headers["Content-Length"])


@pytest.mark.parametrize("path", ["attempts", "failures"])
def test_attempts_and_failures_are_not_told_again_while_nothing_happens(path: str, viewer: Person, demo: Tuned) -> None:
    viewer.headers["If-None-Match"] = viewer.get(f"/studies/1/{path}").headers["ETag"]
    assert viewer.get(f"/studies/1/{path}").status_code == 304
    demo.fail(demo.suggest()[1])
    assert viewer.get(f"/studies/1/{path}").status_code == 200


def test_trials_of_a_study_that_is_not_there_are_not_found(viewer: Person, demo: Tuned) -> None:
    assert viewer.get("/studies/99/trials").status_code == 404


def test_a_number_below_zero_is_refused_with_a_sentence(viewer: Person, demo: Tuned) -> None:
    answer = viewer.get("/studies/1/trials?since=-1")
    assert answer.status_code == 422
    assert "since" in answer.json()["detail"]


def test_one_trial_its_attempts_its_failures_and_its_curves_are_answered(viewer: Person, demo: Tuned) -> None:
    demo.fail(demo.suggest()[1], reason="<script>alert(1)</script>")
    assert viewer.get("/studies/1/trials/0").json()["attempts"][0]["outcome"] == "complete"
    assert viewer.get("/studies/1/attempts").json()["outcome"] == ["complete", "failed"]
    told = viewer.get("/studies/1/failures").json()["failures"]
    assert [(each["sentence"], each["numbers"]) for each in told] == [("<script>alert(1)</script>", [1])]
    assert viewer.get("/studies/1/curves?numbers=0,1").json() == {"curves": []}
    assert viewer.get("/studies/1/curves?best=5").json() == {"curves": []}


@pytest.mark.parametrize("path", ["trials/9", "trials/0x1", "trials/99999999999", "curves?numbers=a", "curves?best=0"])
def test_what_is_not_there_or_asked_wrongly_is_answered_with_a_sentence(path: str, viewer: Person, demo: Tuned) -> None:
    answer = viewer.get(f"/studies/1/{path}")
    assert answer.status_code in (404, 422)
    assert answer.json()["detail"].endswith(".")


def test_the_page_of_a_study_has_the_importance_that_its_tasks_computed(viewer: Person, store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=12, parallelism=12))
    for request in tuned.suggest():
        tuned.complete(request, value=float(str(request.params["x"])))
    assert viewer.get("/studies/1").json()["importance"] is None
    finish(store, status(store, tuned.name))
    told = viewer.get("/studies/1").json()
    assert [each["name"] for each in told["importance"]] == ["x", "kind"]
    assert told["importance_at"] is not None
