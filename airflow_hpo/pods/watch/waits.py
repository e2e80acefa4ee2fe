"""Report of what a pod waits for before its program starts: in the task's log and to the study, at first and when it changes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_hpo.core.log import Log
from airflow_hpo.core.phases import NONE_KNOWN, Moments
from airflow_hpo.core.waiting import Waiting

OnWait = Callable[[Waiting | None, Moments], Awaitable[bool]]
"""Takes what an attempt waits for, None once its program has started, and its moments then; False asks for it again."""


async def _unknown() -> bool:
    return False


async def _untold(reason: str | None) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Waits:
    """Facts for the watch of a pod before its program starts."""

    manifest: Mapping[str, Any] | None = None
    """The pod, or its Job, where it has to be created first; None where it is there."""
    known: Waiting | None = None
    """What the study was told last."""
    tell: OnWait | None = None
    ending: Callable[[str | None], Awaitable[None]] = _untold
    """Takes that the pod was deleted and still ends, and why where that is known here."""
    allowed: Callable[[], Awaitable[bool]] = _unknown
    """Says whether pods of the study could be read before, by whichever process: then a right that is missing comes back."""


PRESENT = Waits()
"""Of a pod that is there, where nobody is told what it waits for."""


def is_job(manifest: Mapping[str, Any] | None) -> bool:
    """Say whether a Job is to be created and not a pod."""
    return manifest is not None and manifest["kind"] == "Job"


WORTH_SAYING = 30.0
"""Seconds after which a pod that has not started is said to wait."""
REPORT_PAUSE = 5.0
"""Seconds before a report is offered again that could not be taken, because the database is away."""


class WaitReport:
    """Reports waits in a task of its own: a slow database must not hold up the watch."""

    def __init__(self, waits: Waits, logger: Log) -> None:
        self._on_wait = waits.tell
        self._logger = logger
        self._told = waits.known
        self._changed = asyncio.Event()
        self._moments = NONE_KNOWN
        self.now = waits.known
        """What the pod waits for, as far as it is known; None once its program has started."""

    def update(self, waiting: Waiting | None, waited: float, moments: Moments = NONE_KNOWN) -> None:
        """Take what the pod waits for, for how many seconds it has, and what Kubernetes says of when, once it waits no more."""
        self.now, self._moments = waiting, moments
        worth_saying = (
            self._told is not None or waited >= WORTH_SAYING or (waiting is not None and waiting.what.creation)
        )
        if not worth_saying or _same(waiting, self._told):
            return
        self._told = waiting
        if waiting:
            self._logger.info("It waits for %s.", waiting.sentence.rstrip("."))
        self._changed.set()

    async def run(self) -> None:
        """Tell the study until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._on_wait and not await self._on_wait(self._told, self._moments):
                await asyncio.sleep(REPORT_PAUSE)
                self._changed.set()


def _same(one: Waiting | None, other: Waiting | None) -> bool:
    """Say whether two waits are for one thing; how Kubernetes words it changes with every try."""
    return (one and one.what) is (other and other.what)
