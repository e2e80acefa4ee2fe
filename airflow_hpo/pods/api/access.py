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


class Updates(Protocol):
    """What the API server says of one pod by itself."""

    @property
    def live(self) -> bool:
        """Whether it speaks of this pod: then nobody needs to ask often."""

    def newest(self) -> Any | None:
        """Return the pod as it was last heard of; None when nothing has become of it since the last call."""


class PodAccess(Protocol):
    """One pod, through the API server."""

    def subscribe(self, wake: Callable[[], None]) -> AbstractContextManager[Updates]:
        """Listen to what becomes of the pod until the context is left."""

    async def read(self) -> Any | None:
        """Return the pod as it is now; None when there is none of that name."""

    async def delete(self, grace_period: int | None = None) -> None:
        """Delete the pod; nothing happens when it is gone."""

    def log(self, container: str, *, follow: bool, since: str | None) -> AbstractAsyncContextManager[LogResponse]:
        """Open a container's log, each line with its timestamp."""

    async def events(self, *, warnings: bool = True) -> list[str]:
        """Return what Kubernetes says about the pod, also about one that is gone; nothing where that may not be read."""
