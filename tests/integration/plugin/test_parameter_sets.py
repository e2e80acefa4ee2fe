"""Parameter sets over the pages' API, and the way back to an earlier version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.models import Log, Variable  # noqa: TID251
from airflow.models.asset import AssetEvent, AssetModel  # noqa: TID251
from airflow.utils.session import create_session  # noqa: TID251
from fastapi import FastAPI
from sqlalchemy import delete, select
from starlette.testclient import TestClient

from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.hooks.parameter_set_asset import parameter_set_asset
from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.parameter_sets.history import find_version
from airflow_hpo.parameter_sets.mirror import mirror_key, mirror_text
from airflow_hpo.parameter_sets.moves import assign, promote
from airflow_hpo.studies.store import Store
from tests.integration.plugin.people import Person, only_of

NAME = "dispatch/tokyo"
PATH = f"/parameter-sets/{NAME}"
BODY = {"expected": 2, "reason": "Complaints."}


@pytest.fixture
def sets(store: Store) -> Iterator[Store]:
    """A set that a DAG promoted after a person, and one of a person alone; Airflow's own database is left as it was."""
    assign(store, NAME, {"wait": 60}, Provenance(approved_by="grace"))
    origin = Provenance(study="dispatch@r", number=7, dag_id="retune", run_id="r", approved_by="ada")
    promote(store, NAME, {"wait": 70}, expected=1, key="k", provenance=origin)
    assign(store, "mine", {"x": 1}, Provenance(source="mine.yaml"))
    yield store
    with create_session() as session:
        session.execute(delete(Variable))  # noqa: AIR311
        for model in (Log, AssetEvent, AssetModel):
            session.execute(delete(model))


@pytest.fixture
def op(person: Callable[[str], Person]) -> Person:
    """Somebody who may edit DAGs and create asset events."""
    return person("OP")


def refused(sets: Store, version: int = 2) -> bool:
    """Say whether nothing has moved."""
    return find_version(sets.database, NAME).version == version


def logged() -> list[tuple[str | None, str | None, dict[str, Any]]]:
    """Return what Airflow's audit has of rollbacks: DAG, person and what was sent."""
    with create_session() as session:
        found = session.scalars(select(Log).where(Log.event == "hpo_rollback").order_by(Log.id))
        return [(each.dag_id, each.owner, json.loads(each.extra or "{}")) for each in found]


def test_the_list_and_the_history_are_those_of_the_store(viewer: Person, sets: Store) -> None:
    found = viewer.get("/parameter-sets").json()["parameter_sets"]
    assert [(each["name"], each["version"], each["dag_id"]) for each in found] == [
        (NAME, 2, "retune"),
        ("mine", 1, None),
    ]
    history = viewer.get(PATH).json()
    assert [each["version"] for each in history["versions"]] == [2, 1]
    assert history["may"] == {"rollback": False}


def test_a_set_of_a_dag_that_may_not_be_read_is_not_there(
    op: Person, sets: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_of("another", monkeypatch)
    assert op.get("/parameter-sets").json() == {"parameter_sets": []}
    assert op.get(PATH).status_code == 404
    assert op.post(f"{PATH}/rollback", BODY).status_code == 404
    assert refused(sets)


def test_a_rollback_is_a_new_version_with_the_person_and_the_reason(op: Person, sets: Store) -> None:
    assert op.get(PATH).json()["may"] == {"rollback": True}
    answer = op.post(f"{PATH}/rollback", BODY)
    assert (answer.status_code, answer.json()["version"]) == (200, 3)
    assert answer.json()["sentence"].startswith("Version 3 of dispatch/tokyo is the champion now, after version 2.")
    made = find_version(sets.database, NAME)
    assert (made.params, made.restores) == ({"wait": 60}, 1)
    origin = made.provenance
    assert (origin.approved_by, origin.acted_by, origin.reason) == ("op", system_user(), "Complaints.")


def test_a_rollback_starts_the_dags_that_wait_for_the_asset_and_renews_the_mirror(op: Person, sets: Store) -> None:
    wanted = parameter_set_asset(NAME)
    with create_session() as session:
        session.add(AssetModel(name=wanted.name, uri=wanted.uri))
    Variable.set(mirror_key(NAME), mirror_text(find_version(sets.database, NAME)))  # noqa: AIR311
    said = op.post(f"{PATH}/rollback", BODY).json()["sentence"]
    assert f"DAGs that are scheduled on {wanted.uri} are started, unless they are paused." in said
    assert "Its Variable is up to date." in said
    with create_session() as session:
        [event] = session.scalars(select(AssetEvent))
        assert event.extra == {"name": NAME, "version": 3, "params": {"wait": 60}, "previous": 2}
    assert json.loads(Variable.get(mirror_key(NAME)))["version"] == 3  # noqa: AIR311


def test_a_champion_that_has_moved_since_the_person_looked_is_not_rolled_back(op: Person, sets: Store) -> None:
    assert op.post(f"{PATH}/rollback", BODY).status_code == 200
    late = op.post(f"{PATH}/rollback", BODY)
    assert late.status_code == 409
    assert late.json()["detail"] == (
        "'dispatch/tokyo' may only be moved while version 2 is the champion, but it is version 3 now. "
        "Compare again with what is in use."
    )
    assert refused(sets, version=3)


@pytest.mark.parametrize("role", ["VIEWER", "USER"])
def test_who_may_not_create_asset_events_moves_nothing_and_is_in_the_audit(
    role: str, person: Callable[[str], Person], sets: Store
) -> None:
    answer = person(role).post(f"{PATH}/rollback", BODY)
    assert answer.status_code == 403
    assert answer.json()["detail"] == (
        "This needs the right to create asset events and edit the DAG retune, which you do not have. Ask an administrator."
    )
    assert refused(sets)
    [(dag_id, owner, sent)] = logged()
    assert dag_id == "retune"
    assert (owner, sent["reason"], sent["expected"], sent["name"]) == (role.lower(), "Complaints.", 2, NAME)


def test_a_post_that_another_site_forges_moves_nothing(served: FastAPI, sets: Store) -> None:
    browser = Person.in_a_browser(TestClient(served), "OP", {})
    assert browser.post(f"{PATH}/rollback", BODY).status_code == 403
    assert refused(sets)
    ours = Person.in_a_browser(TestClient(served), "OP", {"X-Requested-With": "airflow-hpo"})
    assert ours.post(f"{PATH}/rollback", BODY).status_code == 200


WRONG: dict[str, tuple[Any, int, str]] = {
    "no reason": ({"expected": 2}, 422, "reason"),
    "an empty reason": ({**BODY, "reason": "  "}, 422, "reason"),
    "no version that was seen": ({"reason": "Why."}, 422, "expected"),
    "a version that is none": ({**BODY, "expected": "2"}, 422, "expected"),
    "a number that is too large": ({**BODY, "to": 2**40}, 422, "to"),
    "text that no database takes": ({**BODY, "reason": "a\0b"}, 422, "reason"),
    "a name that is not known": ({**BODY, "force": True}, 422, "force"),
    "no object": ([1], 422, "What is sent must be valid"),
    "a version that was never written": ({**BODY, "to": 9}, 404, "but 9 was not"),
    "the champion itself": ({**BODY, "to": 2}, 409, "in use already"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_gets_one_sentence_and_moves_nothing(case: str, op: Person, sets: Store) -> None:
    body, status, said = WRONG[case]
    answer = op.post(f"{PATH}/rollback", body)
    assert (answer.status_code, "\n" in answer.json()["detail"]) == (status, False)
    assert said in answer.json()["detail"]
    assert refused(sets)


@pytest.mark.parametrize(("name", "status"), [("nothing", 404), ("a b", 422)])
def test_a_set_that_is_not_there_is_said_to_be_so(name: str, status: int, op: Person, sets: Store) -> None:
    assert op.get(f"/parameter-sets/{name}").status_code == status
    assert op.post(f"/parameter-sets/{name}/rollback", BODY).status_code == status
