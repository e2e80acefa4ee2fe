"""Looking up connections and Variables: only *not found* means that there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSecretsBackendAccessDenied
from airflow.secrets import BaseSecretsBackend

from airflow_hpo.exceptions import HpoError, StoreRefusedError, StoreUnavailableError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.look_up import find_connection, find_variable
from tests.supervised import NO_KEYS, NOT_FOUND, Answer, supervised

DEFINED = {"conn_id": "hpo_default", "conn_type": "sqlite", "host": None, "schema": "/data/hpo.db"}
DEFINED |= {"login": None, "password": None, "port": None, "extra": None}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An AIRFLOW_HOME without any connection."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")
    return tmp_path


@contextmanager
def answering(*answers: Answer | Exception, keys: Answer = NO_KEYS) -> Iterator[None]:
    """Let the API server answer look-ups in this order, the last one for ever."""
    left = list(answers)

    def answer(path: str) -> Answer | Exception:
        if path == "variables/keys":
            return keys
        return left.pop(0) if len(left) > 1 else left[0]

    with supervised(answer):
        yield


FAILURES = {
    "status_code=500": (500, {"detail": "broken"}),
    "status_code=429": (429, {"detail": "slow down"}),
    "Expecting value": (503, "no JSON object"),
    "status_code=401": (401, {"detail": "expired"}),
    "ConnectError": httpx.ConnectError("refused"),
    "ReadTimeout": httpx.ReadTimeout("slow"),
    "ValidationError": (200, {"another": "version"}),
}


@pytest.mark.parametrize("got", FAILURES)
def test_a_look_up_that_fails_is_not_taken_for_an_absence(home: Path, got: str) -> None:
    hook = HpoHook(patience=0)
    with answering(FAILURES[got]):
        with pytest.raises(StoreUnavailableError, match="connection 'hpo_default' must be looked up") as caught:
            _ = hook.store
        with pytest.raises(StoreUnavailableError, match="Variable 'v'"):
            find_variable("v")
        with pytest.raises(StoreUnavailableError, match="connection 'mine'"):
            _ = HpoHook("mine", patience=0).database
    if got != "Expecting value":
        assert got in str(caught.value)
    assert list(home.glob("hpo*")) == []


def test_what_the_api_server_does_not_find_is_not_defined(home: Path) -> None:
    with answering(NOT_FOUND):
        assert find_connection("hpo_default") is None
        assert find_variable("v") is None
        assert HpoHook().database.path == home / "hpo.db"
        with pytest.raises(AirflowNotFoundException, match="'mine'"):
            _ = HpoHook("mine").database


def test_an_api_server_without_its_own_database_finds_nothing_and_is_not_believed() -> None:
    with answering(NOT_FOUND, keys=(500, {"detail": "no metadata database"})):
        with pytest.raises(StoreUnavailableError, match=r"'hpo_default'.*status_code=500"):
            find_connection("hpo_default")
        with pytest.raises(StoreUnavailableError, match=r"'v'.*status_code=500"):
            find_variable("v")


def test_what_is_found_at_the_second_question_is_taken() -> None:
    with answering((500, {"detail": "broken"}), (200, DEFINED)):
        assert HpoHook(patience=0).database.path == Path("/data/hpo.db")


def test_an_api_server_that_comes_back_within_the_patience_is_waited_for() -> None:
    broken = (500, {"detail": "broken"})
    with answering(broken, broken, broken, broken, (200, DEFINED)):
        assert HpoHook(patience=60).database.path == Path("/data/hpo.db")


def test_a_denied_look_up_ends_at_once_and_is_no_absence() -> None:
    with answering((403, {"detail": "not yours"})):
        with pytest.raises(StoreRefusedError, match=r"'hpo_default'.*denies it.*403"):
            _ = HpoHook().database
        with pytest.raises(StoreRefusedError, match=r"'v'.*denies it"):
            find_variable("v")


def test_a_mirror_that_cannot_be_looked_up_gives_no_default(home: Path) -> None:
    def answer(path: str) -> Answer:
        if path == "variables/keys":
            return NO_KEYS
        return NOT_FOUND if path.startswith("connections") else (500, {"detail": "broken"})

    with supervised(answer), pytest.raises(StoreUnavailableError, match="Variable 'hpo_champion/dispatch'"):
        HpoHook().champion("dispatch", {"wait": 1})


class Vault(BaseSecretsBackend):
    """A secrets backend that raises what a test says."""

    raised: Exception

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        raise self.raised

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        raise self.raised


@pytest.mark.parametrize(
    ("raised", "kind", "told"),
    [
        (ConnectionError("vault is sealed"), StoreUnavailableError, "Vault raised ConnectionError .vault is sealed"),
        (ValueError("s3cret"), StoreUnavailableError, "Vault raised ValueError"),
        (AirflowSecretsBackendAccessDenied("not yours"), StoreRefusedError, "Vault denies it: not yours"),
    ],
)
def test_a_secrets_backend_that_raises_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, kind: type[HpoError], told: str
) -> None:
    # Airflow builds a backend once a process, and would hand this one to the tests that follow.
    monkeypatch.setattr("airflow.sdk.configuration._secrets_backend_cache", {})
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", f"{__name__}.Vault")
    monkeypatch.setattr(Vault, "raised", raised, raising=False)
    for look_up in (find_connection, find_variable):
        with answering(NOT_FOUND), pytest.raises(kind, match=told) as caught:
            look_up("hpo_default")
        assert "s3cret" not in str(caught.value)
        assert "s3cret" not in repr(caught.value.__cause__)


@pytest.mark.parametrize("text", ['{"conn_type": "hpo", "password": "s3cret"', "a://s3cret@://b://c://d"])
def test_an_environment_variable_that_is_not_understood_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", text)
    with pytest.raises(StoreRefusedError, match=r"'hpo_default'.*Write a URI or JSON") as caught:
        _ = HpoHook().database
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_command_whose_metadata_database_is_away_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.secrets.metastore import MetastoreBackend

    def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("no database")

    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    monkeypatch.setattr(MetastoreBackend, "get_connection", away)
    with pytest.raises(StoreUnavailableError, match="MetastoreBackend raised ConnectionRefusedError"):
        _ = HpoHook(patience=0).database


def test_a_connection_that_exists_and_cannot_be_decrypted_is_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.secrets.metastore import MetastoreBackend

    class Encrypted:
        def get_uri(self) -> str:
            raise ValueError("another key")

    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    monkeypatch.setattr(MetastoreBackend, "get_connection", lambda *_, **__: Encrypted())
    with pytest.raises(StoreUnavailableError, match="fernet_key"):
        _ = HpoHook(patience=0).database


def test_a_connection_in_the_environment_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", json.dumps({"conn_type": "sqlite", "host": "/data/env.db"}))
    with answering(httpx.ConnectError("refused")):
        assert HpoHook().database.path == Path("/data/env.db")
