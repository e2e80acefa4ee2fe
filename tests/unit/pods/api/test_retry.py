"""What is tried again while an API server restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from airflow_hpo.exceptions import (
    ClusterForbiddenError,
    ClusterFullError,
    ClusterRefusedError,
    ClusterUnavailableError,
)
from airflow_hpo.pods.api import retry
from airflow_hpo.pods.api.retry import until_answered, until_done

AWAY = ClusterUnavailableError("No answer.")
FORBIDDEN = ClusterForbiddenError("Forbidden.", status=403)
FULL = ClusterFullError("exceeded quota", status=403)


def failing(times: int, err: Exception, policy: Any = until_done) -> tuple[Callable[[], str], list[int], list[float]]:
    """Return what fails so often, its calls, and for how long it would have waited between them."""
    calls: list[int] = []
    waits: list[float] = []

    @policy
    def call() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise err
        return "done"

    call.retry.sleep = waits.append  # type: ignore[attr-defined]
    return call, calls, waits  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("err", "policy"),
    [(AWAY, until_answered), (AWAY, until_done), (FORBIDDEN, until_done)],
    ids=["away", "away, what must be done", "forbidden, what must be done"],
)
def test_a_call_is_made_again_until_it_is_answered(err: Exception, policy: Any) -> None:
    call, calls, _ = failing(2, err, policy)
    assert call() == "done"
    assert len(calls) == 3


@pytest.mark.parametrize(("err", "limit"), [(AWAY, "AWAY"), (FORBIDDEN, "AWAY")], ids=str)
def test_no_call_is_made_again_for_ever(err: Exception, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, limit, 0.0)
    call, calls, _ = failing(2, err)
    with pytest.raises(type(err)):
        call()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("err", "policy"),
    [
        (FORBIDDEN, until_answered),
        (FULL, until_done),
        (ClusterRefusedError("Not there.", status=404), until_done),
        (ValueError("a mistake"), until_done),
    ],
    ids=["forbidden", "a full quota", "not there", "a mistake"],
)
def test_a_refusal_is_raised_at_once(err: Exception, policy: Any) -> None:
    call, calls, _ = failing(1, err, policy)
    with pytest.raises(type(err)):
        call()
    assert len(calls) == 1


def test_a_server_that_names_a_time_is_not_asked_before() -> None:
    call, _, waits = failing(1, ClusterUnavailableError("Busy.", status=429, retry_after=8.0))
    call()
    assert waits == [8.0]


def test_an_asynchronous_call_is_made_again_too() -> None:
    calls: list[int] = []

    @until_answered
    async def call() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise AWAY

    asyncio.run(call())
    assert len(calls) == 2
