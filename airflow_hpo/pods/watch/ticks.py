"""Moments at which all trials of a process do what is cheaper when it is done together."""

from __future__ import annotations

import asyncio
import time

WRITING = 2.0
"""Seconds between two writings into the logs of tasks."""


async def next_tick() -> None:
    """Wait until all of the process write into the logs of tasks."""
    await asyncio.sleep(until_tick(WRITING))


def until_tick(every: float) -> float:
    """Return the seconds until the next moment."""
    return every - time.monotonic() % every
