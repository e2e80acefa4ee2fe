"""Queue of waiting trials, of which one asks the study for all, and the slots of a triggerer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.pods.watch.ticks import until_tick

Ask = Callable[[list[str]], Awaitable[Iterable[TrialRequest]]]
"""Asks the study for trials of the given keys and returns those that it gives."""
Wait = Callable[[], Awaitable[object]]
"""Waits until the study may give another one."""

TOGETHER = 10.0
"""Seconds between two times at which the tasks of ended trials end. Airflow starts a process in its DAG processor
for each task that ends in a triggerer, but one for all that end at the same time."""

# A triggerer lives for months: what no trial holds any more is forgotten, and equals what is made in its stead.
_queues: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, str], StudyQueue] = WeakValueDictionary()
_slots: WeakValueDictionary[asyncio.AbstractEventLoop, TriggererSlots] = WeakValueDictionary()


class TriggererSlots:
    """Slots for the pods of one process."""

    def __init__(self, limit: int) -> None:
        self.free = limit
        self._limit = limit
        self._all = asyncio.Semaphore(limit)
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a slot, waiting for one."""
        async with self._all:
            self.free -= 1
            self._idle.clear()
            try:
                yield
            finally:
                self.free += 1
                if self.free == self._limit:
                    self._idle.set()

    async def tick(self) -> None:
        """Wait until the next time at which tasks end, or until no slot is taken any more."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), until_tick(TOGETHER))


class StudyQueue:
    """Lets one trial of a study at a time speak for all that wait for a free slot; the others do not ask the database."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.freed = asyncio.Event()
        """Set when a trial of the study has ended in this process."""
        self._full = False
        """Whether the study gave less than it was asked for, so that asking again gives nothing until one has ended."""
        self._waiting: dict[str, None] = {}
        self._granted: dict[str, TrialRequest] = {}

    async def granted(self, key: str, here: TriggererSlots, ask: Ask, room: Wait) -> TrialRequest:
        """Wait until the study gives a trial, and return it.

        A trial that waits for a slot of the study takes no slot of the triggerer, which another study may need.
        """
        self._waiting[key] = None
        try:
            async with self.lock:
                while key not in self._granted:
                    if self._full and not self.freed.is_set():
                        await _first(room(), self.freed.wait())
                    async with here.one():
                        pass
                    await self._ask(key, here, ask)
                return self._granted[key]
        finally:
            self._granted.pop(key, None)
            del self._waiting[key]

    async def _ask(self, key: str, here: TriggererSlots, ask: Ask) -> None:
        self.freed.clear()
        self._full = False
        waiting = [key, *(other for other in self._waiting if other not in {key, *self._granted})]
        keys = waiting[: max(1, here.free)]
        given = {one.key: one for one in await ask(keys)}
        self._granted |= given
        self._full = len(given) < len(keys)


def study_queue(edition: str) -> StudyQueue:
    """Return the queue of a study, for the running event loop; it is shared while a caller keeps it."""
    return _queues.setdefault((asyncio.get_running_loop(), edition), StudyQueue())


def triggerer_slots(limit: int) -> TriggererSlots:
    """Return the slots of this process; they are shared while a caller keeps them."""
    return _slots.setdefault(asyncio.get_running_loop(), TriggererSlots(limit))


async def _first(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
