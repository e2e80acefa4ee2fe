"""Who looks, and how the study database is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from airflow_hpo import __version__
from tests.integration.plugin.people import API, Person


def test_a_person_is_told_who_it_is_and_that_the_database_is_ready(viewer: Person) -> None:
    assert viewer.get("/me").json() == {
        "user": "viewer",
        "version": __version__,
        "base": "",
        "database": {"state": "ok", "message": None},
        "may_move_champions": False,
    }


@pytest.mark.parametrize(("role", "may"), [("VIEWER", False), ("USER", False), ("OP", True), ("ADMIN", True)])
def test_champions_are_moved_by_those_who_may_create_asset_events(
    role: str, may: bool, person: Callable[[str], Person]
) -> None:
    assert person(role).get("/me").json()["may_move_champions"] is may


def test_no_route_answers_without_a_token(served: FastAPI, pages_app: FastAPI) -> None:
    client = TestClient(served)
    routes = [route for route in pages_app.routes if isinstance(route, APIRoute)]
    asked = [(method, f"/hpo{route.path}") for route in routes for method in sorted(route.methods)]
    assert (("GET", f"{API}/me")) in asked
    header = {"X-Requested-With": "airflow-hpo"}
    found = {(method, path): client.request(method, path, headers=header).status_code for method, path in asked}
    assert set(found.values()) == {401}, found
