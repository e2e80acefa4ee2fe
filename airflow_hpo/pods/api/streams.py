"""Answers of the API server that go on for as long as something happens: logs and watches."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from kubernetes_asyncio.client import ApiClient

REQUEST_LIMIT = 30.0
PODS = "/api/v1/namespaces/{namespace}/pods"


async def opened(
    client: ApiClient, path: str, where: Mapping[str, str], query: Sequence[tuple[str, str]], silence: float
) -> aiohttp.ClientResponse:
    """Ask for an answer and return it as soon as it begins, whatever its status."""
    try:
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
    except (aiohttp.ClientError, OSError) as err:
        raise ConnectionError(text_of(err)) from err
    return response


async def chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield an answer as it comes."""
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except (aiohttp.ClientError, OSError) as err:
        raise ConnectionError(text_of(err)) from err


async def objects(response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """Yield the JSON of each line."""
    try:
        async for line in response.content:
            yield json.loads(line)
    except (aiohttp.ClientError, OSError, ValueError) as err:
        raise ConnectionError(text_of(err)) from err


async def message(response: aiohttp.ClientResponse) -> str:
    """Return what an answer that is an error says."""
    try:
        text = (await response.content.read(4096)).decode(errors="replace")
    except (aiohttp.ClientError, OSError) as err:
        return text_of(err)
    return status_message(text) or text[:200]


def status_message(body: Any) -> str:
    """Return the sentence in Kubernetes' answer; empty when it is none."""
    try:
        return str(json.loads(body)["message"])
    except (TypeError, ValueError, KeyError):
        return ""


def text_of(err: BaseException) -> str:
    """Return what an error says, or at least its kind."""
    return str(err) or type(err).__name__
