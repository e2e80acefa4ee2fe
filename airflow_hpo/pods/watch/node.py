"""Report of the node that a pod has got, for studies that let few trials wait for one."""

import asyncio
from collections.abc import Awaitable, Callable

from airflow_hpo.core.placement import UNKNOWN, Placement

OnNode = Callable[[Placement], Awaitable[bool]]
"""Takes the placement of a pod that has got a node; False asks for it again."""

REPORT_PAUSE = 5.0
"""Seconds before a placement is offered again that could not be taken, because the database is away."""


class NodeReport:
    """Reports a pod's node in a task of its own: a slow database must not hold up the watch.

    Without a callback there is nothing to do: the node is then stored with the attempt's end, which saves a write.
    """

    def __init__(self, on_node: OnNode | None) -> None:
        self._on_node = on_node
        self._placement = UNKNOWN
        self._known = asyncio.Event()

    @property
    def pending(self) -> bool:
        """Whether the node is waited for. Getting one changes nothing that an informer wakes for, so the pod is asked for."""
        return self._on_node is not None and not self._known.is_set()

    def update(self, placement: Placement) -> None:
        """Take where the pod runs, as it is known now."""
        if placement.node:
            self._placement = placement
            self._known.set()

    async def run(self) -> None:
        """Report the node once it is known, until it is taken; cancel when it no longer matters."""
        if self._on_node is None:
            return
        await self._known.wait()
        # It is refused while the study cannot be reached, and nothing tells when it can.
        while not await self._on_node(self._placement):  # noqa: ASYNC110
            await asyncio.sleep(REPORT_PAUSE)
