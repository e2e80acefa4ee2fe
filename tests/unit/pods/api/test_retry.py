"""What is tried again while an API server restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from airflow_hpo.exceptions import TrialFailedError
from airflow_hpo.pods.api import retry
from airflow_hpo.pods.api.retry import retried

AWAY = [ConnectionError("refused"), HTTPError("refused")]
REFUSED = [TrialFailedError("403 forbidden"), ApiException(status=403)]


def failing(times: int, err: Exception) -> tuple[Callable[[], str], list[int]]:
    """Return what fails so often, without a pause in between, and its calls."""
    calls: list[int] = []

    @retried
    def call() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise err
        return "done"

    call.retry.sleep = lambda seconds: None
    return call, calls


@pytest.mark.parametrize("err", AWAY + REFUSED, ids=repr)
def test_what_an_api_server_that_restarts_says_is_not_believed_at_once(err: Exception) -> None:
    call, calls = failing(2, err)
    assert call() == "done"
    assert len(calls) == 3


@pytest.mark.parametrize(("err", "limit"), [(AWAY[0], "AWAY"), (REFUSED[0], "REFUSED")])
def test_nobody_insists_for_ever(err: Exception, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, limit, 0.0)
    call, calls = failing(2, err)
    with pytest.raises(type(err)):
        call()
    assert len(calls) == 1


@pytest.mark.parametrize("err", [ApiException(status=404), ValueError("a mistake")], ids=repr)
def test_what_cannot_pass_is_said_at_once(err: Exception) -> None:
    call, calls = failing(1, err)
    with pytest.raises(type(err)):
        call()
    assert len(calls) == 1


def test_an_asynchronous_call_is_tried_again_too(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    @retried
    async def call() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionError("refused")

    asyncio.run(call())
    assert len(calls) == 2
