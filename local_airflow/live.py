"""A live Airflow: scheduler, API server, DAG processor and triggerer, driven through the REST API."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from local_airflow.processes import COMMANDS, Processes
from local_airflow.settings import environment, free_port


class LiveAirflow:
    """A real Airflow of one's own, with the LocalExecutor.

    :param home: AIRFLOW_HOME, kept afterwards.
    :param dags: folder of the DAG files.
    :param parallelism: how many tasks run at once.
    :param env: further variables, such as connections.
    :param hurried: with the short waits of tests; False for Airflow's defaults, as for measurements.
    """

    def __init__(
        self,
        home: Path,
        dags: Path,
        *,
        parallelism: int = 4,
        env: Mapping[str, str] | None = None,
        hurried: bool = True,
    ) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**environment(home, dags, self.port, parallelism=parallelism, hurried=hurried), **(env or {})}
        self.processes = Processes(self.env, home / "components")
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            # A with statement ends only what it has begun.
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Create the metadata database and start every component; returns when the API answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.cli("db", "migrate")
        for name in COMMANDS:
            self.processes.start(name)
        self.wait(self._healthy, "the scheduler, the DAG processor and the triggerer to be healthy", timeout=180)

    def stop(self) -> None:
        """End every component."""
        self.processes.stop()
        if self._client:
            self._client.close()
            self._client = None

    def cli(self, *arguments: str, check: bool = True) -> str:
        """Run an ``airflow`` command in this home and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments], env=self.env, capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            raise RuntimeError(f"airflow {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        return done.stdout

    def wait(self, condition: Callable[[], Any], what: str, timeout: float = 120.0, interval: float = 0.5) -> Any:
        """Wait until a condition is true and return its value.

        :param condition: asked again and again; a transport error counts as not yet.
        :param what: what is waited for, for the error.
        :param timeout: seconds.
        :param interval: seconds between two questions, each of which costs the API server 20 to 50 ms of CPU.
        :raises TimeoutError: when it does not become true in time.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.processes.check()
            try:
                if found := condition():
                    return found
            except httpx.TransportError:
                pass
            time.sleep(interval)
        raise TimeoutError(f"Waited {timeout:g} s for {what}.")

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON answer to a GET under ``/api/v2``."""
        return self._answer(self.client.get(f"/api/v2{path}", params=params))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON answer to a POST under ``/api/v2``."""
        return self._changed("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON answer to a PATCH under ``/api/v2``."""
        return self._changed("PATCH", path, body)

    @property
    def password(self) -> str:
        """The generated password of the user ``admin``."""
        path = self.home / "simple_auth_manager_passwords.json.generated"
        return str(json.loads(path.read_text())["admin"])

    @property
    def client(self) -> httpx.Client:
        """An HTTP client that is logged in."""
        if self._client is None:
            login = {"username": "admin", "password": self.password}
            token = (
                httpx.post(f"{self.url}/auth/token", json=login, timeout=60).raise_for_status().json()["access_token"]
            )
            self._client = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        return self._client

    def _changed(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        # On SQLite the audit log's row can wait in vain for a lock. Then nothing was changed, and 500 is answered.
        for _ in range(3):
            response = self.client.request(method, f"/api/v2{path}", json=dict(body))
            if response.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                break
        return self._answer(response)

    def _answer(self, response: httpx.Response) -> Any:
        if response.is_error:
            raise RuntimeError(f"{response.request.method} {response.url}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def _healthy(self) -> bool:
        found = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        parts = [
            found.get(name, {}).get("status") for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")
        ]
        return parts == ["healthy"] * 4
