"""What the watching of a pod needs of Kubernetes, and nothing more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class LogResponse:
    """Kubernetes' answer to a request for a log."""

    status: int
    """HTTP status; only 200 brings a log, everything else a message about why not."""
    chunks: AsyncIterator[bytes]
    message: str = ""


class News(Protocol):
    """What the API server says of one pod by itself."""

    @property
    def live(self) -> bool:
        """Whether it speaks of this pod: then nobody needs to ask often."""

    def newest(self) -> Any | None:
        """Return the pod as it was last heard of; None when nothing has become of it since the last call."""


class PodAccess(Protocol):
    """One pod, through the API server."""

    def news(self, wake: Callable[[], None]) -> AbstractContextManager[News]:
        """Listen to what becomes of the pod until the context is left.

        :param wake: called when something has become of it.
        """

    async def read(self) -> Any | None:
        """Return the pod as it is now; None when there is none of that name.

        :raises ConnectionError: when the API server does not answer, or not now.
        :raises TrialFailedError: when it refuses.
        """

    async def delete(self, grace_period: int | None = None) -> None:
        """Delete the pod; nothing happens when it is gone.

        :param grace_period: seconds that its programs have to end; None for what the pod declares.
        :raises ConnectionError: when the API server does not answer, or not now.
        :raises TrialFailedError: when it refuses.
        """

    def log(self, container: str, *, follow: bool, since: str | None) -> AbstractAsyncContextManager[LogResponse]:
        """Open a container's log, each line with its timestamp.

        :param container: its name.
        :param follow: keep the answer open while the container runs.
        :param since: RFC 3339 time of the first line; None for all of them.
        :raises ConnectionError: when the API server does not answer, also while chunks are read.
        """

    async def events(self, *, warnings: bool = True) -> list[str]:
        """Return what Kubernetes says about the pod, also about one that is gone; nothing where that may not be read.

        :param warnings: only its troubles.
        """
