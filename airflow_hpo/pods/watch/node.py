"""Telling where a pod runs as soon as it has a node, for those who wait for nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from airflow_hpo.core.placement import UNKNOWN, Placement

Located = Callable[[Placement], Awaitable[bool]]
"""Takes where the pod runs as soon as it has a node, and says whether it need not be told again."""

LOCATING = 5.0
"""Seconds before a pod's node is told again to somebody who could not take it."""


class NodeReport:
    """Tells a pod's node beside its watch, which whoever takes it must not hold up.

    :param located: takes it; None where it is early enough to know it when the pod has ended.
    """

    def __init__(self, located: Located | None) -> None:
        self._located = located
        self._placement = UNKNOWN
        self._known = asyncio.Event()

    @property
    def waits(self) -> bool:
        """Whether somebody waits for the node, of which the API server does not speak loud enough to wake anybody."""
        return self._located is not None and not self._known.is_set()

    def seen(self, placement: Placement) -> None:
        """Take where the pod runs, as it is known now."""
        if placement.node:
            self._placement = placement
            self._known.set()

    async def run(self) -> None:
        """Tell it once it is known, until it is taken; cancel when it no longer matters."""
        if self._located is None:
            return
        await self._known.wait()
        while not await self._located(self._placement):
            await asyncio.sleep(LOCATING)
