"""Ticks at which all trials of a process do what is cheaper when it is done together."""

import asyncio
import time

FLUSH_INTERVAL = 2.0
"""Seconds between two writes into the logs of tasks. Each burst of lines makes a triggerer ask Airflow's database what has
changed, so that all write at the same tick; a person who follows a log does not mind two seconds."""


async def next_tick() -> None:
    """Wait until all trials of the process write into the logs of their tasks."""
    await asyncio.sleep(until_tick(FLUSH_INTERVAL))


def until_tick(every: float) -> float:
    """Return the seconds until the next tick of an interval."""
    return every - time.monotonic() % every
