"""Logs of a trial's pod: followed while it runs, read to their end afterwards, each line once."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from airflow_hpo.exceptions import ClusterRefusedError, ClusterUnavailableError, FailureKind, TrialFailedError
from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.api.errors import FORBIDDEN
from airflow_hpo.pods.threads import cancelled, in_thread
from airflow_hpo.pods.watch.log_jumps import Jumps
from airflow_hpo.pods.watch.log_readings import PodReadings
from airflow_hpo.pods.watch.share import reading_share
from airflow_hpo.pods.watch.timestamped_lines import LogLine, Place, SeenLines, TimestampedLines

HEAD_START = 1.0
"""Seconds before a log is followed. A program that ends within them is read in one go, which saves a connection; one that goes
on shows its first lines so much later, which does not matter."""
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
"""Seconds between two attempts to connect: they double from the first to the longest."""
AT_END = 1.0
"""Seconds before a log that came to its end is followed again. Most likely the container has ended and the watch stops the
follower first; a log that was rotated goes on."""
LAST_ATTEMPTS = 8
"""How often the end of the log is asked for while the API server does not answer: about 25 seconds. Then the pod is left to the
next try of the task, which reads on from there."""
DRAIN_LIMIT = 5.0
"""Seconds that a log may go on after its container has ended before it is read from where it stands. Mostly it ends within
a second of its container; a connection that hangs would otherwise cost a minute of silence."""

LONG_LOG = 1 << 20
"""Bytes from which on a log may be rotated. One that is followed then may stop without an end."""
LONG_SILENCE = 10.0
"""Seconds for which nothing may come of a long log before it is followed anew; the kubelet rotates at most as often."""


def _pass() -> None:
    pass


class LogFollower:
    """Follows one container's log through whatever breaks the connection.

    ``take`` is called with new lines, oldest first, one call at a time, perhaps in another thread; ``at_end`` whenever a log
    that was followed has come to its end: most likely the container has ended.
    """

    def __init__(
        self,
        access: PodAccess,
        container: str,
        take: Callable[[list[LogLine]], None],
        at_end: Callable[[], None] = _pass,
        names: Sequence[str] = (),
        before: Place | None = None,
        were_read: Callable[[], bool] | None = None,
    ) -> None:
        self._needed = were_read is not None
        self._were_read = were_read or bool
        self._access = access
        self._names = names
        self._container = container
        self._take = take
        self._at_end = at_end
        self._seen = SeenLines(before)
        self._jumps = Jumps(access, container)
        self._length = before.length if before else 0
        self._waited = 0.0
        """Seconds for which the bytes that are read now were waited for."""
        self._ended = False
        """Whether the last connection brought the log to its end."""
        self._unstamped = ""
        """What the kubelet said itself in the last connection."""
        self.idle = asyncio.Event()
        """Set while no connection is open."""
        self.idle.set()
        self.problem = ""
        """A sentence about why the log could not be read to its end; empty when it was."""
        self.unread = False
        """Whether the API server did not answer when the end of the log was asked for, so that it may be read later."""
        self.lost = ""
        """Why the end of the log can never be read; empty when it was read, or may be later."""

    async def follow(self) -> None:
        """Read until cancelled, connecting again whenever the connection ends."""
        await asyncio.sleep(HEAD_START)
        pause = FIRST_PAUSE
        while True:
            try:
                got_log = await self._read(follow=True, whole=False)
            except ClusterUnavailableError:
                got_log = False
            pause = AT_END if got_log else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def finish(self) -> None:
        """Read what :meth:`follow` has not; call when the container has ended and following has."""
        pause, ended = FIRST_PAUSE, self._ended
        for _ in range(LAST_ATTEMPTS):
            try:
                got_log = await self._read(follow=False, whole=True)
                if not ended and (not got_log or self._unstamped):
                    self.lost = f"The end of its log is lost. {self.problem or self._unstamped}"
                return
            except ClusterUnavailableError as err:
                self.problem = f"The end of the log is missing. {err}"
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        self.unread = True

    async def catch_up(self) -> bool:
        """Read what the log holds now and return whether it could be read; call while nothing follows it."""
        try:
            return await self._read(follow=False, whole=False)
        except ClusterUnavailableError:
            return False

    async def _read(self, *, follow: bool, whole: bool) -> bool:
        """Read one answer to its end and return whether it brought a log; whole when nothing can follow."""
        self._seen.reconnected()
        self.problem = self._unstamped = ""
        try:
            await self._settle_jumps()
            async with self._access.log(self._container, follow=follow, since=self._seen.since) as chunks:
                self.idle.clear()
                self._ended = False
                await self._drain(self._until_silent(chunks) if follow else self._to_end(chunks), whole=whole)
        except ClusterRefusedError as err:
            # A container that waits to start has no log yet, which is a refusal too.
            self.problem = str(err)
            if err.status == FORBIDDEN and self._needed:
                await self._check_right(err)
                raise ClusterUnavailableError(err.reason, status=err.status) from err
            return False
        finally:
            self.idle.set()
        if follow and self._ended:
            self._at_end()
        return True

    async def _check_right(self, err: ClusterRefusedError) -> None:
        """Raise where no log of the study could ever be read: no attempt can have a result then.

        A right that was there before comes back, as an API server does that is away.
        """
        if not self._seen.since and not await in_thread(self._were_read):
            reason = f"The metrics are read from the log. {err.reason}"
            raise TrialFailedError(reason, kind=FailureKind.INFRASTRUCTURE, lasting=True) from err

    async def _drain(self, chunks: AsyncIterator[bytes], *, whole: bool) -> None:
        """Take all lines; the unfinished last one only when nothing can follow, else it comes again in full."""
        splitter, share = TimestampedLines(self._names), reading_share()
        ready = time.monotonic()
        async for chunk in chunks:
            self._length += len(chunk)
            self._waited = time.monotonic() - ready
            await share.read(partial(self._parse, splitter), chunk)
            await self._settle_jumps()
            ready = time.monotonic()
        if whole:
            self._deliver(splitter.flush())
            await self._settle_jumps()

    async def _settle_jumps(self) -> None:
        while self._jumps.holds:
            self._take(await self._jumps.settled())

    async def _to_end(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            yield chunk
        self._ended = True

    async def _until_silent(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield what comes, until the end or a silence in which the file may have been rotated."""
        while True:
            try:
                async with asyncio.timeout(LONG_SILENCE if self._length > LONG_LOG else None):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                self._ended = True
                return
            except TimeoutError:
                return
            yield chunk

    def _parse(self, splitter: TimestampedLines, chunk: bytes) -> None:
        self._deliver(splitter.feed(chunk))

    def _deliver(self, lines: list[LogLine]) -> None:
        self._unstamped = next((line.text for line in lines if not line.stamp), self._unstamped)
        new = self._seen.new(lines)
        if self._needed and (self._length > LONG_LOG or self._jumps.holds):
            new, self._waited = self._jumps.passed(new, self._waited), 0.0
        if new:
            self._take(new)


class TrialLogs:
    """Reads what the trial prints, and what a native sidecar prints for it."""

    def __init__(
        self,
        access: PodAccess,
        readings: PodReadings,
        container: str,
        metrics_container: str | None,
        at_end: Callable[[], None],
    ) -> None:
        self.unread = False
        """Whether the end of a log may be read later, because the API server did not answer."""
        self._readings = readings
        self._at_end = at_end
        names, needed = readings.names, readings.were_read
        own = None if metrics_container else needed
        self._followers = [LogFollower(access, container, readings.output, at_end, names, readings.output_place, own)]
        if metrics_container:
            place, unheard = readings.metrics_place, _pass
            self._followers.append(
                LogFollower(access, metrics_container, readings.metrics, unheard, names, place, needed)
            )
        self._tasks: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Follow the logs until the context is left."""
        with reading_share().taken():
            self._follow()
            try:
                yield
            finally:
                await cancelled(self._tasks)

    async def caught_up(self) -> bool:
        """Read at once what every log holds, over new connections; return whether all answered. Call while they are followed."""
        await cancelled(self._tasks)
        try:
            return all([await follower.catch_up() for follower in self._followers])
        finally:
            self._follow()

    def _follow(self) -> None:
        self._tasks = [asyncio.create_task(one.follow()) for one in self._followers]
        for task in self._tasks:
            task.add_done_callback(lambda done: done.cancelled() or self._at_end())

    def check(self) -> None:
        """Raise why a log can never be read."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def drain(self) -> None:
        """Read every log to its end; call when the pod has ended, while the logs are followed."""
        for follower, task in zip(self._followers, self._tasks, strict=True):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(follower.idle.wait(), DRAIN_LIMIT)
            if task.done():
                task.result()
            await cancelled([task])
            await follower.finish()
            if follower.lost and follower is self._followers[-1]:
                self._readings.lose(follower.lost)
            else:
                self._readings.note(follower.problem)
            self.unread |= follower.unread
