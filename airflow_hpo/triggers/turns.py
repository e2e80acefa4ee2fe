"""Who may start next: trials of one study ask one after the other, and a triggerer runs only so many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_turns: dict[tuple[asyncio.AbstractEventLoop, str], Turn] = {}
_slots: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


class Turn:
    """Lets one trial of a study at a time wait for a free slot; the others wait for it without asking the database."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.freed = asyncio.Event()
        """Set when a trial of the study has ended in this process."""


def turn(edition: str) -> Turn:
    """Return the one of a study, for the running event loop.

    :param edition: the study.
    """
    return _turns.setdefault((asyncio.get_running_loop(), edition), Turn())


@asynccontextmanager
async def slot(limit: int) -> AsyncIterator[None]:
    """Hold one of so many places in this process.

    :param limit: how many there are; the first caller's word counts.
    """
    async with _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(limit)):
        yield
