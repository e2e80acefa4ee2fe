"""Jumps of the timestamps inside one connection: a reader that is behind may have missed a whole file of the log.

The kubelet follows a log from file to file. Where a slow reader holds it up while the log is rotated twice, the file between is
never sent, and only a jump of the timestamps shows it. A program that paused leaves the same jump, but no file begins there.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from airflow_hpo.exceptions import ClusterRefusedError
from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.api.errors import FORBIDDEN
from airflow_hpo.pods.watch.timestamped_lines import SECOND, LogLine, TimestampedLines, ordered, seconds_between

JUMP = 2.5
"""Seconds between two lines, beyond those for which the second was waited for, from which on a file may be missing between: a
file is the newest for 10 s at least, or the 3 s that a kubelet may be told. A shorter pause in which a file ends is none."""
VOUCHED = 10.0
"""Seconds after a look for which no file can be missing: the kubelet rotates a log at most as often."""


class Jumps:
    """Holds back what follows on a jump, until a look at the log has shown whether lines are lost there."""

    def __init__(self, access: PodAccess, container: str) -> None:
        self._access = access
        self._container = container
        self._held: list[LogLine] = []
        self._last = ""
        """The latest timestamp before what is held back."""
        self._vouched_until = 0.0

    @property
    def holds(self) -> bool:
        """Whether lines are held back."""
        return bool(self._held)

    def passed(self, lines: list[LogLine], waited: float) -> list[LogLine]:
        """Return the lines before the first jump; ``waited`` is for how many seconds the first of them was waited for."""
        at = 0 if self._held else self._first(lines, waited)
        self._held += lines[at:]
        return lines[:at]

    async def settled(self) -> list[LogLine]:
        """Look at the log, and return the lines until the next jump; the first is marked where lines before it are lost.

        :raises ClusterError: when the log cannot be looked at now.
        """
        held, begins = self._held, await self._file_begins()
        lost = bool(begins) and ordered(self._last) < ordered(begins) <= ordered(held[0].stamp)
        if begins and not lost:
            self._vouched_until = time.monotonic() + VOUCHED
        first = replace(held[0], after_gap=self._last) if lost else held[0]
        self._held, self._last = [], first.stamp
        return [first, *self.passed(held[1:], 0.0)]

    def _first(self, lines: Sequence[LogLine], waited: float) -> int:
        for index, line in enumerate(lines):
            if line.stamp and ordered(line.stamp) > ordered(self._last):
                if not line.after_gap and self._jumps(line.stamp, 0.0 if index else waited):
                    return index
                self._last = line.stamp
        return len(lines)

    def _jumps(self, stamp: str, waited: float) -> bool:
        if stamp[:SECOND] == self._last[:SECOND] or time.monotonic() < self._vouched_until:
            return False
        return seconds_between(self._last, stamp) - waited > JUMP

    async def _file_begins(self) -> str:
        """Return the first timestamp that the newest file has since the last line; empty when there is none."""
        splitter = TimestampedLines()
        try:
            async with self._access.log(self._container, follow=False, since=f"{self._last[:SECOND]}Z") as chunks:
                async for chunk in chunks:
                    for line in splitter.feed(chunk):
                        if line.stamp:
                            return line.stamp
        except ClusterRefusedError as err:
            if err.status == FORBIDDEN:
                raise
        return ""
