"""A supervisor of a task, real but for the API server behind it: what a process that Airflow supervises gets as answers."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import msgspec
import psutil
import structlog
from airflow.sdk.api.client import Client
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import CommsDecoder, _RequestFrame
from airflow.sdk.execution_time.supervisor import ActivitySubprocess, set_supervisor_comms
from tenacity import stop_after_attempt

Answer = tuple[int, object]
"""Status and body of the API server's answer."""
NOT_FOUND: Answer = (404, {"detail": {"reason": "not_found", "message": "not found"}})
NO_KEYS: Answer = (200, {"keys": [], "total_entries": 0})


@contextmanager
def supervised(answer: Callable[[str], Answer | Exception]) -> Iterator[None]:
    """Let this process be a task whose API server answers a path, such as ``connections/hpo_default``, as the function says."""

    def respond(request: httpx.Request) -> httpx.Response:
        status = answer(request.url.path.strip("/"))
        if isinstance(status, Exception):
            raise status
        text = json.dumps(status[1])
        return httpx.Response(status[0], text=text, headers={"content-type": "application/json"})

    ours, theirs = socket.socketpair()
    client = Client(base_url="http://api.test", token="t", transport=httpx.MockTransport(respond))
    supervisor = ActivitySubprocess(
        id=uuid.uuid4(),
        pid=os.getpid(),
        process=psutil.Process(),
        process_log=structlog.get_logger(),
        client=client,
        stdin=theirs,
    )
    thread = threading.Thread(target=_serve, args=(supervisor, theirs), daemon=True)
    thread.start()
    stop, Client.request.retry.stop = Client.request.retry.stop, stop_after_attempt(1)
    try:
        with set_supervisor_comms(CommsDecoder(socket=ours)):
            yield
    finally:
        Client.request.retry.stop = stop
        ours.close()
        thread.join()
        theirs.close()
    assert getattr(task_runner, "SUPERVISOR_COMMS", None) is None


def _serve(supervisor: ActivitySubprocess, connection: socket.socket) -> None:
    requests = supervisor.handle_requests(structlog.get_logger())
    next(requests)
    while header := connection.recv(4, socket.MSG_WAITALL):
        (length,) = struct.unpack(">I", header)
        body = connection.recv(length, socket.MSG_WAITALL)
        requests.send(msgspec.msgpack.decode(body, type=_RequestFrame))
