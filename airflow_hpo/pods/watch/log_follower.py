"""Reading a container's log while it runs, once each line, through whatever breaks the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from airflow_hpo.exceptions import ClusterRefusedError, ClusterUnavailableError
from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.threads import in_thread
from airflow_hpo.pods.watch.log_lines import LogLine, SeenLines, TimestampedLines

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
"""Seconds between two attempts to connect."""
HEAD_START = 1.0
"""Seconds for which a program is left alone before its log is followed: that of one which ends at once is read in one go."""
AT_END = 1.0
"""Seconds before a log that came to its end is followed again: most likely its container has ended and nothing follows."""
LAST_ATTEMPTS = 8
"""How often the end of the log is asked for while the API server does not answer: about 25 seconds."""
BIG_CHUNK = 8192
"""Bytes above which a piece is taken apart beside the event loop."""


class LogFollower:
    """Follows one container's log.

    :param access: the pod.
    :param container: name of the container.
    :param take: called with new lines, oldest first, one call at a time, perhaps in another thread.
    :param at_end: called whenever a log that was followed has come to its end: most likely the container has ended.
    """

    def __init__(
        self,
        access: PodAccess,
        container: str,
        take: Callable[[list[LogLine]], None],
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._access = access
        self._container = container
        self._take = take
        self._at_end = at_end
        self._seen = SeenLines()
        self.idle = asyncio.Event()
        """Set while no connection is open."""
        self.idle.set()
        self.problem = ""
        """A sentence about why the log could not be read to its end; empty when it was."""
        self.unread = False
        """Whether nobody answered when the end of the log was asked for, so that it may be read later."""

    async def follow(self) -> None:
        """Read until cancelled, connecting again whenever the connection ends."""
        await asyncio.sleep(HEAD_START)
        pause = FIRST_PAUSE
        while True:
            try:
                got_any = await self._read(follow=True)
            except ClusterUnavailableError:
                got_any = False
            pause = AT_END if got_any else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def finish(self) -> None:
        """Read what :meth:`follow` has not; call when the container has ended and following has."""
        pause = FIRST_PAUSE
        for _ in range(LAST_ATTEMPTS):
            try:
                await self._read(follow=False)
                return
            except ClusterUnavailableError as err:
                self.problem = f"The end of the log is missing. {err}"
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        self.unread = True

    async def _read(self, *, follow: bool) -> bool:
        """Read one answer to its end and return whether it brought a log."""
        self._seen.reconnected()
        self.problem = ""
        try:
            async with self._access.log(self._container, follow=follow, since=self._seen.since) as chunks:
                self.idle.clear()
                await self._drain(chunks, whole=not follow)
        except ClusterRefusedError as err:
            # A container that waits to start has no log yet, which is a refusal too.
            self.problem = str(err)
            return False
        finally:
            self.idle.set()
        if follow:
            self._at_end()
        return True

    async def _drain(self, chunks: AsyncIterator[bytes], *, whole: bool) -> None:
        """Take all lines; the unfinished last one only when nothing can follow, else it comes again in full."""
        splitter = TimestampedLines()
        async for chunk in chunks:
            if len(chunk) < BIG_CHUNK:
                self._digest(splitter, chunk)
            else:
                await in_thread(self._digest, splitter, chunk)
        if whole:
            self._deliver(splitter.flush())

    def _digest(self, splitter: TimestampedLines, chunk: bytes) -> None:
        self._deliver(splitter.feed(chunk))

    def _deliver(self, lines: list[LogLine]) -> None:
        if new := self._seen.new(lines):
            self._take(new)
