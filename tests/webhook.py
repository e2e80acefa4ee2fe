"""A receiver of messages on this machine, for notifiers that post them to a chat."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Webhook(HTTPServer):
    """Takes messages as Slack's incoming webhooks do."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def connection(self) -> str:
        """The Airflow connection that leads here."""
        address = {"schema": "http", "host": f"127.0.0.1:{self.server_port}"}
        return json.dumps({"conn_type": "slackwebhook", **address, "password": "T/B/X"})


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        """Be quiet."""


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Start a receiver, and stop it afterwards."""
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
