"""Buffered log of a trigger, flushed at the same time as those of its process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from airflow_hpo.pods.threads import cancelled
from airflow_hpo.pods.watch.ticks import next_tick


class BufferedLog:
    """Buffers info lines and flushes them at every tick; warnings flush at once.

    Whatever a trigger logs makes its triggerer ask Airflow's database what has changed.
    """

    def __init__(self, log: Any) -> None:
        self._log = log
        self._kept: deque[str] = deque()

    def info(self, message: str, *arguments: Any) -> None:
        """Buffer a line."""
        self._kept.append(message % arguments if arguments else message)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            # A copy of an operator asks for these before the object has anything.
            raise AttributeError(name)
        self.write()
        return getattr(self._log, name)

    def write(self) -> None:
        """Flush."""
        while self._kept:
            self._log.info("%s", self._kept.popleft())

    @asynccontextmanager
    async def written(self) -> AsyncIterator[None]:
        """Flush at every tick, and when the context is left."""
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
