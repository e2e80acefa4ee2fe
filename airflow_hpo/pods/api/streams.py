"""Answers of the API server that go on for as long as something happens: logs and watches."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

from airflow_hpo.pods.api.errors import Call, Refusal, no_answer, refused, translated

if TYPE_CHECKING:
    from kubernetes_asyncio.client import ApiClient

REQUEST_LIMIT = 30.0
"""Seconds within which a call must be answered, or an answer that goes on must begin."""
SILENCE_LIMIT = 60.0
"""Seconds of silence after which a log is opened again: following one stops without an end when its file is rotated."""
PODS = "/api/v1/namespaces/{namespace}/pods"


@asynccontextmanager
async def opened(
    client: ApiClient, call: Call, path: str, where: Mapping[str, str], query: Sequence[tuple[str, str]], silence: float
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Open an answer and lend it; ``silence`` is for how many seconds nothing may come."""
    with translated(call):
        response: aiohttp.ClientResponse = await client.call_api(
            path,
            "GET",
            path_params=dict(where),
            query_params=list(query),
            header_params={"Accept": "*/*"},
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=aiohttp.ClientTimeout(connect=REQUEST_LIMIT, sock_read=silence),
        )
    try:
        await checked(call, response)
        yield response
    finally:
        response.close()


async def checked(call: Call, response: aiohttp.ClientResponse) -> None:
    """Raise what an answer says that is an error: the client looks at the status only of answers that it reads whole."""
    if not response.ok:
        with translated(call):
            body = await response.content.read(4096)
        raise refused(call, Refusal.of(response.status, body, response.reason or "", response.headers))


async def chunks(call: Call, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield an answer as it comes."""
    with translated(call):
        async for chunk in response.content.iter_any():
            yield chunk


async def objects(call: Call, response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """Yield the JSON of each line."""
    try:
        with translated(call):
            async for line in response.content:
                yield json.loads(line)
    except ValueError as err:
        # A connection that breaks leaves half a line.
        raise no_answer(call, err) from err
