"""Share of a process's time that reading logs may take, so that a pod that prints a lot is itself read late and delays no other."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from airflow_hpo.pods.threads import in_thread

BIG_PIECE = 8192
"""Bytes above which a piece is read in a thread: these take 3 to 5 ms, in which an event loop that watches hundreds of pods
could do nothing else."""
LARGEST_PIECE = 65536
"""Bytes that one pod may read in one turn; others wait for theirs meanwhile."""


class ReadingShare:
    """Turns of the pods that one event loop watches.

    Big pieces are read one at a time, in the order in which they are asked for. After each piece its pod pauses for as long as the
    piece took, unless it is the only one: so reading takes half of the time at most. Writing what was read, which takes longer, takes
    half of what is left in the same way.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._writing = asyncio.Lock()
        # Those that the event loop shares may all wait for a slow database.
        self._thread = ThreadPoolExecutor(1, "hpo-log")
        self._pods = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Count one more pod until the context is left."""
        self._pods += 1
        try:
            yield
        finally:
            self._pods -= 1

    async def read(self, read: Callable[[bytes], None], data: bytes) -> None:
        """Let a pod read what has come."""
        if len(data) < BIG_PIECE:
            begun = time.monotonic()
            read(data)
            await self._pause(begun)
            return
        for start in range(0, len(data), LARGEST_PIECE):
            async with self._turn:
                begun = time.monotonic()
                await in_thread(read, data[start : start + LARGEST_PIECE], of=self._thread)
                await self._pause(begun)

    async def write(self, write: Callable[[], object]) -> None:
        """Let a pod write lines into its task's log, one pod at a time: what it measures comes first."""
        async with self._writing:
            begun = time.monotonic()
            write()
            await asyncio.sleep(time.monotonic() - begun)

    async def _pause(self, begun: float) -> None:
        await asyncio.sleep(time.monotonic() - begun if self._pods > 1 else 0)


_shares: WeakKeyDictionary[asyncio.AbstractEventLoop, ReadingShare] = WeakKeyDictionary()


def reading_share() -> ReadingShare:
    """Return the share of the event loop that runs."""
    return _shares.setdefault(asyncio.get_running_loop(), ReadingShare())
