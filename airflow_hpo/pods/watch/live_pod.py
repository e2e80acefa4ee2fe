"""A pod as it is now: asked for, or sent by the API server, which may be away."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from airflow_hpo.core.log import Log
from airflow_hpo.core.outcome import TAIL_LINES
from airflow_hpo.core.phases import Moments
from airflow_hpo.core.placement import UNKNOWN, Placement
from airflow_hpo.exceptions import (
    ClusterError,
    ClusterForbiddenError,
    ClusterUnavailableError,
    FailureKind,
    TrialFailedError,
)
from airflow_hpo.pods import failures
from airflow_hpo.pods.api.access import PodAccess, PodUpdates
from airflow_hpo.pods.moments import moments_of, pull_seconds, slow_start
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.pods.watch.node import NodeReport
from airflow_hpo.pods.watch.timestamped_lines import TimestampedLines

FIRST_PAUSE = 0.2
"""Seconds before a pod is asked for again when something has just happened to it: its other states follow soon."""
UPDATE_LIMIT = 1.0
"""Seconds within which the API server usually sends that a container whose log has ended has ended too; the kubelet's last
change of a pod takes half a second, and asking before would be in vain."""
LONGEST_RETRY = 5.0
"""Seconds at most between two requests to an API server that is away."""


Allowed = Callable[[], Awaitable[bool]]
"""Says whether pods of the study could be read before, by whichever process."""


def placement_of(pod: Any, container: str) -> Placement:
    """Return the node of a pod and the image of a container, as far as they are known."""
    node, status = pod.spec.node_name or None, failures.container_status(pod, container)
    if status is None or not status.image_id:
        return Placement(node=node)
    tag = next((one.image for one in pod.spec.containers if one.name == container), None)
    return Placement(node=node, image=status.image_id, image_tag=tag)


class LivePod:
    """Keeps the newest state of one pod, and wakes its watch when there may be a newer one."""

    def __init__(
        self, access: PodAccess, options: WatchLimits, logger: Log, node: NodeReport, allowed: Allowed
    ) -> None:
        self._allowed_before = allowed
        self._access = access
        self._options = options
        self._logger = logger
        self._node = node
        self._wake = asyncio.Event()
        self._away_since: float | None = None
        self._updates: PodUpdates
        self._pulled = 0.0
        self.log_has_ended = False
        """Whether a log has come to its end: mostly because the container has ended, or a connection broke."""
        self.state: Any = None
        """The pod as it was last seen; None before."""

    @contextlib.contextmanager
    def subscribed(self) -> Iterator[None]:
        """Receive what the API server sends of the pod until the context is left."""
        with self._access.subscribe(self._wake.set) as self._updates:
            yield

    @property
    def away(self) -> bool:
        """Whether the API server did not answer, or not any more, when it was asked last."""
        return self._away_since is not None

    @property
    def over(self) -> bool:
        """Whether nothing more is to come of the pod."""
        return self.state is not None and failures.over(self.state, self._options.container)

    @property
    def sent(self) -> bool:
        """Whether all that matters is sent by itself, so that the pod need not be asked for often."""
        return self._updates.live and not self._node.pending

    @property
    def placement(self) -> Placement:
        """Where the pod runs, as far as it is known."""
        return UNKNOWN if self.state is None else placement_of(self.state, self._options.container)

    @property
    def moments(self) -> Moments:
        """When it came from one phase into the next, as far as it is known."""
        return moments_of(self.state, self._options.container, self._pulled)

    async def note_pulls(self) -> None:
        """Ask for how long images were pulled, where the program has started late enough for that to matter."""
        if slow_start(self.state, self._options.container):
            self._pulled = pull_seconds(await self.events(warnings=False))

    def wake(self) -> None:
        """Make the watch look at the pod at once."""
        self._wake.set()

    def log_ended(self) -> None:
        """Look at once, or a little later where the API server sends by itself that the container has ended."""
        self.log_has_ended = True
        asyncio.get_running_loop().call_later(UPDATE_LIMIT if self._updates.live else 0, self._wake.set)

    async def woken(self, pause: float) -> bool:
        """Wait until something happens, or for a while; say which."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), pause)
        woken = self._wake.is_set()
        self._wake.clear()
        return woken

    async def until(self, reached: Callable[[Any], bool], limit: float) -> None:
        """Look until a condition holds, for so many seconds at most; what else goes wrong meanwhile does not matter."""
        end = time.monotonic() + limit
        while not reached(self.state) and time.monotonic() < end:
            await asyncio.sleep(FIRST_PAUSE)
            with contextlib.suppress(TrialFailedError):
                await self.refresh()

    async def refresh(self) -> Any:
        """Return the pod as it is now, waiting for an API server that is away."""
        while True:
            self._check_deadline()
            try:
                pod = self._updates.newest() or await self._access.read()
            except ClusterUnavailableError as err:
                await self._endure(err)
                continue
            except ClusterForbiddenError as err:
                # A right that was there comes back, as when a Role is applied anew.
                if self.state is None and not await self._allowed_before():
                    raise
                await self._endure(err)
                continue
            self._away_since = None
            if pod is None and (last := self._updates.last()) and failures.over(last, self._options.container):
                self.state = last
            if pod is None and self.over:
                # It was removed after its end, which stands.
                return self.state
            if pod is None:
                raise failures.gone(self.state, await self._access.events(warnings=False)).error()
            self.state = pod
            self._node.update(self.placement)
            if failures.lost(pod, datetime.now(UTC)) and not self.over:
                raise failures.node_lost(pod).error()
            return pod

    async def look(self) -> None:
        """See the pod as it is now, if the API server answers at once."""
        with contextlib.suppress(ClusterError):
            self.state = self._updates.newest() or await self._access.read() or self._updates.last() or self.state

    async def events(self, *, warnings: bool = True) -> list[str]:
        """Return the warnings about the pod, or all of its events."""
        return await self._access.events(warnings=warnings)

    async def tail_of(self, container: str) -> list[str]:
        """Return the last lines of a container's log; none where they cannot be read."""
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        lines = TimestampedLines()
        with contextlib.suppress(ClusterError):
            async with self._access.log(container, follow=False, since=None, last=TAIL_LINES) as chunks:
                async for chunk in chunks:
                    tail.extend(line.text for line in lines.feed(chunk) if line.stamp)
            tail.extend(line.text for line in lines.flush() if line.stamp)
        return list(tail)

    def _check_deadline(self) -> None:
        deadline, limit = self._options.deadline, self._options.execution_timeout
        since = failures.running_since(self.state, self._options.container) if self.state else None
        if limit is not None and deadline is None and since is not None:
            # The node's clock may be behind; no program ran before its attempt began.
            deadline = max(since.timestamp(), self._options.begun or 0.0) + limit
        if deadline is not None and time.time() >= deadline:
            raise TrialFailedError(f"The program ran into its time_limit or execution_timeout of {limit:g} s.")

    async def _endure(self, err: ClusterError) -> None:
        """Wait before the next request, unless the API server, or the right to ask it, has been away for too long."""
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
            self._logger.warning("%s It is asked again.", err)
        away = now - self._away_since
        if away >= self._options.api_timeout:
            reason = f"The Kubernetes API did not answer for {away:.0f} s. {err}"
            raise TrialFailedError(reason, kind=FailureKind.INFRASTRUCTURE)
        await asyncio.sleep(min(LONGEST_RETRY, self._options.poll_interval))
