"""People in front of the pages: signed in by the token of their role, as a script, or by the cookie of a browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from starlette.testclient import TestClient

API = "/hpo/api/v1"


def auth_manager() -> SimpleAuthManager:
    """Return Airflow's default auth manager, which needs no login here: tokens are made below."""
    manager = create_auth_manager()
    assert isinstance(manager, SimpleAuthManager)
    return manager


def token_of(role: str) -> str:
    """Return a token of a person of a role, who is called as the role is."""
    return auth_manager().generate_jwt(SimpleAuthManagerUser(username=role.lower(), role=role, teams=[]))


def only_of(dag_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everybody have their rights on one DAG alone, as a role of another auth manager may."""
    before = SimpleAuthManager.is_authorized_dag

    def authorized(self: SimpleAuthManager, *, details: DagDetails | None = None, **options: Any) -> bool:
        return details is not None and details.id == dag_id and before(self, details=details, **options)

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", authorized)


@dataclass(frozen=True)
class Person:
    """Somebody with a session."""

    client: TestClient
    headers: dict[str, str]

    @classmethod
    def signed_in(cls, client: TestClient, role: str) -> Person:
        return cls(client, {"Authorization": f"Bearer {token_of(role)}"})

    @classmethod
    def in_a_browser(cls, client: TestClient, role: str, headers: dict[str, str]) -> Person:
        client.cookies.set("_token", token_of(role))
        return cls(client, headers)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(f"{API}{path}", headers=self.headers, **options)

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.client.post(f"{API}{path}", headers=self.headers, json=body)
