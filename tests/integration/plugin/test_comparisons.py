"""Comparisons over the pages' API: who sees which, and who is asked for an answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_hpo.core.answer import Choice
from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.storage import approvals, editions
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.studies.store import Store
from tests.integration.decisions import decision
from tests.integration.plugin.people import Person, only_of
from tests.integration.trial_tasks import Tuned, declared

ASKS = TaskRun("retune", "r1", "test.approve", -1, 1)


@pytest.fixture
def kept(store: Store) -> list[int]:
    """Three comparisons of two DAGs."""
    places = [("retune", "r1"), ("secret", "r1"), ("retune", "r2")]
    return [
        decision(store, {"x": number}, dag_id=dag, run_id=run, parameter_set="bikes")["comparison"]
        for number, (dag, run) in enumerate(places)
    ]


def listed(person: Person, query: str = "") -> list[int]:
    found: list[int] = [each["id"] for each in person.get(f"/comparisons{query}").json()["comparisons"]]
    return found


def test_comparisons_are_listed_the_newest_first_and_by_what_they_are_of(viewer: Person, kept: list[int]) -> None:
    assert listed(viewer) == kept[::-1]
    assert listed(viewer, "?limit=1") == kept[2:]
    assert listed(viewer, "?dag_id=retune&run_id=r1") == kept[:1]
    assert listed(viewer, "?parameter_set=bikes&family=s") == kept[::-1]
    assert listed(viewer, "?parameter_set=cars") == []


def test_who_may_read_one_dag_sees_its_comparisons_alone(
    viewer: Person, kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    only_of("retune", monkeypatch)
    assert listed(viewer) == [kept[2], kept[0]]
    assert viewer.get(f"/comparisons/{kept[0]}").status_code == 200
    hidden, absent = (viewer.get(f"/comparisons/{number}") for number in (kept[1], 999))
    assert [each.status_code for each in (hidden, absent)] == [404, 404]
    assert hidden.json()["detail"].replace(str(kept[1]), "999") == absent.json()["detail"]


def test_a_study_s_page_has_the_comparisons_of_its_run(viewer: Person, store: Store, kept: list[int]) -> None:
    Tuned(store, declared())
    number = decision(store, {"x": 9}, dag_id="tune", run_id="r")["comparison"]
    found = viewer.get(f"/studies/{store.read(editions.row_id, 'demo@r')}").json()["comparisons"]
    assert [each["id"] for each in found] == [number]


def test_one_comparison_has_its_report_and_its_parameters(viewer: Person, kept: list[int]) -> None:
    found = viewer.get(f"/comparisons/{kept[0]}").json()
    assert (found["report"], found["verdict"], found["sentence"]) == ("## Promote\n", "promote", "0 is better.")
    assert found["changes"] == [{"name": "x", "champion": None, "challenger": 0}]
    assert found["may"] == {"answer": False}


def test_an_answer_is_asked_of_those_who_may_edit_the_dag_while_there_is_none(
    person: Callable[[str], Person], store: Store, kept: list[int]
) -> None:
    with store.session() as session:
        approvals.ask(session, kept[0], ASKS)

    def may(role: str) -> bool:
        found: bool = person(role).get(f"/comparisons/{kept[0]}").json()["may"]["answer"]
        return found

    assert [may(role) for role in ("VIEWER", "USER", "OP")] == [False, True, True]
    with store.session() as session:
        user = {"id": "7", "name": "Ada"}
        approvals.answer(session, kept[0], ASKS, Choice.REJECT, utc_now(), user=user, params={})
    assert not may("OP")
    answer = person("VIEWER").get("/comparisons").json()["comparisons"][2]["answer"]
    assert (answer["choice"], answer["by"], answer["task"]["map_index"]) == ("Reject", "Ada", -1)


@pytest.mark.parametrize("query", ["?limit=0", "?limit=501", "?limit=many", "/999999999999"])
def test_a_query_that_is_wrong_gets_one_sentence(viewer: Person, kept: list[int], query: str) -> None:
    answer = viewer.get(f"/comparisons{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("What is sent must be valid, but it is not: ")
