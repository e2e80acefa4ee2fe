"""The pages' API as Airflow mounts it, with Airflow's own auth manager, and people of each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from airflow_hpo.plugin import study_database
from airflow_hpo.storage.database import Database
from tests.integration.plugin.people import Person, auth_manager


@pytest.fixture(scope="session")
def pages_app(metadata_database: None) -> Iterator[FastAPI]:
    """The application of the pages."""
    from airflow_hpo.plugin.app import make_app

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of these tests alone, " * 4)
        auth_manager()
        yield make_app()


@pytest.fixture
def served(pages_app: FastAPI, ready_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    """Airflow's application with that of the pages below ``/hpo``, and a study database behind ``hpo_default``."""
    from airflow.api_fastapi.auth.middlewares.refresh_token import JWTRefreshMiddleware

    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", "hpo://")
    monkeypatch.setattr("airflow_hpo.hooks.hpo.from_connection", lambda _: ready_database)
    monkeypatch.setattr(study_database, "_checked", type(study_database._checked)(16, study_database.CHECKED))
    root = FastAPI()
    root.mount("/hpo", pages_app)
    root.add_middleware(JWTRefreshMiddleware)
    yield root
    ready_database.pooled.engine.dispose()


@pytest.fixture
def person(served: FastAPI) -> Callable[[str], Person]:
    """Return a function that signs a person of a role in: ``person("VIEWER").get("/me")``."""
    return lambda role: Person.signed_in(TestClient(served), role)


@pytest.fixture
def viewer(person: Callable[[str], Person]) -> Person:
    """Somebody who may read."""
    return person("VIEWER")
