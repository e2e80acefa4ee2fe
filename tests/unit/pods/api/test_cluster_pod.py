"""One pod through a real client, against a server that answers as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml
from aiohttp import web

from airflow_hpo.exceptions import ClusterRefusedError, ClusterUnavailableError
from airflow_hpo.pods.api import client
from airflow_hpo.pods.api.client import TRIALS
from airflow_hpo.pods.api.cluster_pod import ClusterPod, opened_pod
from airflow_hpo.pods.api.connection import Connection

T = TypeVar("T")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Use = Callable[[ClusterPod], Awaitable[T]]

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": {"containers": []}, "status": {}}


class ApiServer:
    """Answers every request the same way, and notes the tokens that it was given."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        self.kubeconfig = folder / "kubeconfig"
        self.answer = answer
        self.tokens: list[str | None] = []
        self.url = ""

    def give(self, token: str) -> None:
        """Write a kubeconfig with a token."""
        self.kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                    "users": [{"name": "u", "user": {"token": token}}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "c",
                }
            )
        )

    def use(self, use: Use[T]) -> T:
        """Serve for as long as a pod is used."""
        return asyncio.run(self._use(use))

    async def _use(self, use: Use[T]) -> T:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        [(_, port, *_)] = runner.addresses
        self.url = f"http://127.0.0.1:{port}"
        self.give("old")
        try:
            async with opened_pod(Connection(config_file=str(self.kubeconfig)), "p", "n") as pod:
                return await use(pod)
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization"))
        return await self.answer(request)


def status(code: int, message: str = "no", **more: Any) -> Answer:
    """An answer that is an error."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"kind": "Status", "message": message, **more}, status=code)

    return answer


def lines(*texts: str) -> Answer:
    """An answer of several lines, after which the server closes the connection without an end."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for text in texts:
            await response.write(f"{text}\n".encode())
        assert request.transport is not None
        request.transport.abort()
        return response

    return answer


async def read_log(pod: ClusterPod) -> bytes:
    async with pod.log("base", follow=True, since=None) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def watch(pod: ClusterPod) -> list[Any]:
    async with pod._cluster.watch("n", TRIALS, None) as events:
        return [event async for event in events]


@pytest.mark.parametrize(
    ("use", "right"),
    [
        (ClusterPod.read, "'get' on 'pods'"),
        (ClusterPod.delete, "'delete' on 'pods'"),
        (read_log, "'get' on 'pods/log'"),
        (watch, "'watch' on 'pods'"),
    ],
    ids=["read", "delete", "log", "watch"],
)
def test_a_call_that_is_forbidden_names_the_missing_right(use: Use[Any], right: str, tmp_path: Path) -> None:
    server = ApiServer(tmp_path, status(403, 'pods is forbidden: User "u" cannot do that'))
    with pytest.raises(ClusterRefusedError, match=f"the verb {right}"):
        server.use(use)


@pytest.mark.parametrize("use", [ClusterPod.read, ClusterPod.delete], ids=["read", "delete"])
def test_a_pod_that_is_not_there_is_none(use: Use[Any], tmp_path: Path) -> None:
    assert ApiServer(tmp_path, status(404)).use(use) is None


def test_events_that_may_not_be_read_are_none(tmp_path: Path) -> None:
    assert ApiServer(tmp_path, status(403)).use(ClusterPod.events) == []


@pytest.mark.parametrize("use", [read_log, watch], ids=["log", "watch"])
def test_a_connection_that_breaks_may_be_opened_again(use: Use[Any], tmp_path: Path) -> None:
    event = json.dumps({"type": "ADDED", "object": POD})
    with pytest.raises(ClusterUnavailableError, match="does not answer when asked to"):
        ApiServer(tmp_path, lines(event)).use(use)


def test_an_error_within_a_watch_is_raised(tmp_path: Path) -> None:
    expired = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old", "reason": "Expired"}}
    with pytest.raises(ClusterUnavailableError, match="too old") as raised:
        ApiServer(tmp_path, lines(json.dumps(expired))).use(watch)
    assert (raised.value.status, raised.value.cause) == (410, "Expired")


def test_bookmarks_are_asked_for_only_where_a_watch_continues(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append({name: request.query.get(name, "") for name in ("resourceVersion", "allowWatchBookmarks")})
        return web.Response()

    async def twice(pod: ClusterPod) -> None:
        for version in (None, "7"):
            async with pod._cluster.watch("n", TRIALS, version):
                pass

    ApiServer(tmp_path, answer).use(twice)
    assert asked == [
        {"resourceVersion": "0", "allowWatchBookmarks": ""},
        {"resourceVersion": "7", "allowWatchBookmarks": "true"},
    ]


def test_after_a_token_that_is_refused_the_credentials_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RENEWAL", 0.0)
    server = ApiServer(tmp_path, status(401, "Unauthorized"))

    async def twice(pod: ClusterPod) -> None:
        for token in ("new", "newer"):
            with pytest.raises(ClusterUnavailableError, match="Renew the token"):
                await pod.read()
            server.give(token)

    server.use(twice)
    assert server.tokens == ["Bearer old", "Bearer new"]


def test_a_kubeconfig_that_is_not_there_names_no_cluster(tmp_path: Path) -> None:
    async def used() -> None:
        async with opened_pod(Connection(config_file=str(tmp_path / "absent")), "p", "n") as pod:
            await pod.read()

    with pytest.raises(ClusterRefusedError, match="must be named by the Kubernetes connection or KUBECONFIG"):
        asyncio.run(used())
