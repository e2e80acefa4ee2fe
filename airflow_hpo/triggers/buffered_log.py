"""What a trigger says, in one breath with what others of its process say."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from airflow_hpo.pods.threads import cancelled
from airflow_hpo.pods.watch.ticks import next_tick


class BufferedLog:
    """A logger that keeps what is said in passing until the next moment, and says at once what is graver.

    Whatever a trigger logs makes its triggerer ask Airflow's database what has changed.

    :param log: the logger.
    """

    def __init__(self, log: Any) -> None:
        self._log = log
        self._kept: deque[str] = deque()

    def info(self, message: str, *arguments: Any) -> None:
        """Keep a line."""
        self._kept.append(message % arguments if arguments else message)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            # Whoever copies an operator asks for these of an object that has nothing yet.
            raise AttributeError(name)
        self.write()
        return getattr(self._log, name)

    def write(self) -> None:
        """Say what was kept."""
        while self._kept:
            self._log.info("%s", self._kept.popleft())

    @asynccontextmanager
    async def written(self) -> AsyncIterator[None]:
        """Say at every moment what was kept, and the rest when the context is left."""
        writing = asyncio.create_task(self._keep_writing())
        try:
            yield
        finally:
            await cancelled([writing])
            self.write()

    async def _keep_writing(self) -> None:
        while True:
            await next_tick()
            self.write()
