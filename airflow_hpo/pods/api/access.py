"""Protocols of what a watch needs of Kubernetes, and nothing more."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol


class PodUpdates(Protocol):
    """The states of one pod that the API server sends without being asked."""

    @property
    def live(self) -> bool:
        """Whether states of this pod are sent, so that it need not be asked for often."""

    def newest(self) -> Any | None:
        """Return the state that was sent last; None when none was sent since the last call."""

    def last(self) -> Any | None:
        """Return the pod as it was when it was deleted; None unless that was sent."""


class PodAccess(Protocol):
    """One pod, through the API server. All calls raise :class:`airflow_hpo.exceptions.ClusterError`."""

    def subscribe(self, wake: Callable[[], None]) -> AbstractContextManager[PodUpdates]:
        """Receive the pod's states until the context is left; ``wake`` is called at each that matters."""

    async def create(self, manifest: Mapping[str, Any]) -> bool:
        """Create the pod, or the Job that it reports for; False while the Job has no pod. What is there already is taken."""

    async def read(self) -> Any | None:
        """Return the pod as it is now; None when there is none of that name."""

    async def there(self) -> list[Any]:
        """Return the pod, or all pods of the Job that it reports for, as far as they are not gone."""

    async def earlier(self, manifest: Mapping[str, Any]) -> list[Any]:
        """Return the pods that other tries of the task have left, without those that are kept."""

    async def delete(self, grace_period: int | None = None) -> None:
        """Delete the pod; nothing happens when it is gone."""

    def log(
        self, container: str, *, follow: bool, since: str | None, last: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open a container's log, or its ``last`` lines, each line with its timestamp."""

    async def events(self, *, warnings: bool = True) -> list[str]:
        """Return the events about the pod, also about one that is gone; nothing where they may not be read."""
