"""Rights: what belongs to a DAG is seen by who may read the DAG, and posts from other sites change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from fastapi import FastAPI
from starlette.testclient import TestClient

from airflow_hpo.plugin.access import ANY_DAG, Rights
from airflow_hpo.storage import editions
from airflow_hpo.storage.tables import EditionRow
from airflow_hpo.studies.store import Store
from tests.integration.plugin.people import Person, auth_manager
from tests.integration.trial_tasks import Tuned, declared


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that lets everybody read one DAG alone, as a role of another auth manager may."""

    def limit(dag_id: str) -> None:
        def allowed(self: SimpleAuthManager, *, details: Any = None, **given: Any) -> bool:
            return details is not None and details.id == dag_id

        monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", allowed)

    return limit


def dag_of(store: Store, name: str, dag_id: str | None) -> int:
    with store.session() as session:
        row = session.get_one(EditionRow, editions.row_id(session, name))
        row.dag_id = dag_id
        return row.id


def test_who_may_read_one_dag_sees_its_studies_alone(store: Store, viewer: Person, only: Callable[[str], None]) -> None:
    mine = dag_of(store, Tuned(store, declared(), "a").name, "mine")
    other = dag_of(store, Tuned(store, declared(), "b").name, "other")
    only("mine")
    answer = viewer.get("/studies").json()
    assert [line["id"] for line in answer["studies"]] == [mine]
    assert answer["total"] is None, "how many others there are is not told either"
    assert viewer.get(f"/studies/{mine}").status_code == 200
    hidden, absent = viewer.get(f"/studies/{other}"), viewer.get("/studies/12345")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.json()["detail"].replace(str(other), "N") == absent.json()["detail"].replace("12345", "N")


def test_a_list_goes_past_what_may_not_be_read(store: Store, viewer: Person, only: Callable[[str], None]) -> None:
    mine = dag_of(store, Tuned(store, declared(), "a").name, "mine")
    for run in "bcd":
        dag_of(store, Tuned(store, declared(), run).name, "other")
    only("mine")
    assert [line["id"] for line in viewer.get("/studies", params={"limit": 1}).json()["studies"]] == [mine]


def test_a_study_without_a_dag_needs_the_right_to_read_every_dag(
    store: Store, viewer: Person, only: Callable[[str], None]
) -> None:
    number = dag_of(store, Tuned(store, declared()).name, None)
    assert viewer.get(f"/studies/{number}").status_code == 200
    only("mine")
    assert viewer.get(f"/studies/{number}").status_code == 404
    assert viewer.get("/studies").json()["studies"] == []


def test_no_dag_can_have_the_id_that_stands_for_every_dag() -> None:
    from airflow_hpo.core.owner import checked_dag_id
    from airflow_hpo.exceptions import DeclarationError

    with pytest.raises(DeclarationError):
        checked_dag_id(ANY_DAG)


@pytest.mark.parametrize(("role", "may"), [("VIEWER", False), ("USER", True), ("OP", True), ("ADMIN", True)])
def test_roles_that_may_trigger_a_dag_may_steer_its_studies(role: str, may: bool, pages_app: FastAPI) -> None:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    auth_manager()
    rights = Rights(SimpleAuthManagerUser(username="ann", role=role, teams=[]))
    assert rights.may_steer("tune") is may
    assert rights.may_read("tune") is True


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
        ({"X-Requested-With": "XMLHttpRequest"}, 403),
        ({"X-Requested-With": "airflow-hpo"}, 405),
    ],
    ids=["bare", "form", "another", "ours"],
)
def test_a_post_by_cookie_alone_is_refused_as_forged(headers: dict[str, str], status: int, served: FastAPI) -> None:
    browser = Person.in_a_browser(TestClient(served), "ADMIN", headers)
    assert browser.post("/me").status_code == status


def test_a_token_in_the_header_needs_no_other_header(person: Callable[[str], Person]) -> None:
    assert person("ADMIN").post("/me").status_code == 405


def test_a_session_by_cookie_may_read(served: FastAPI) -> None:
    assert Person.in_a_browser(TestClient(served), "VIEWER", {}).get("/me").json()["user"] == "viewer"


def test_a_token_that_is_none_is_refused(served: FastAPI) -> None:
    assert Person(TestClient(served), {"Authorization": "Bearer nothing"}).get("/me").status_code in (401, 403)
