"""A container's log as Kubernetes sends it: lines with timestamps, sent again after every reconnection."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from airflow_hpo.core.metrics.lines import LineSplitter
from airflow_hpo.core.metrics.values import as_time

STAMP_LENGTH = 48
"""Bytes within which a line's timestamp ends; Kubernetes writes 30 to 35."""
SECOND = len("2026-11-21T08:00:00")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a container's output, or a part of it that ended with a carriage return."""

    stamp: str
    """Kubernetes' timestamp in UTC; empty on what is no output, such as the kubelet's own words about a lost log."""
    text: str
    begins: bool = True
    """False for further parts of the same line: progress bars rewrite one line for ever."""


class TimestampedLines:
    """Split a log stream that was asked for with timestamps, however it is cut into pieces."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()
        self._head = b""
        self._stamp: str | None = None
        self._begun = False

    def feed(self, data: bytes) -> list[LogLine]:
        """Return the lines that these bytes complete."""
        lines: list[LogLine] = []
        data, self._head = self._head + data, b""
        while data:
            if self._stamp is None:
                data = self._read_stamp(data)
            else:
                end = data.find(b"\n") + 1
                piece, data = (data[:end], data[end:]) if end else (data, b"")
                lines += self._numbered(self._splitter.feed(piece))
                if end:
                    self._stamp = None
        return lines

    def flush(self) -> list[LogLine]:
        """Return the last line when the stream ended inside it; otherwise nothing."""
        rest = self._head
        self._head = b""
        if rest:
            self._stamp = ""
            return self._numbered([*self._splitter.feed(rest), *self._splitter.flush()])
        return self._numbered(self._splitter.flush())

    def _read_stamp(self, data: bytes) -> bytes:
        """Take the timestamp off the start of a line; wait for more bytes while it may be cut in two."""
        self._begun = False
        blank = data.find(b" ", 0, STAMP_LENGTH)
        stamp = _in_utc(data[: max(blank, 0)].decode("ascii", errors="replace"))
        if stamp:
            self._stamp = stamp
            return data[blank + 1 :]
        if blank < 0 and len(data) < STAMP_LENGTH and b"\n" not in data:
            self._head = data
            return b""
        self._stamp = ""
        return data

    def _numbered(self, texts: Iterable[str]) -> list[LogLine]:
        lines = []
        for text in texts:
            lines.append(LogLine(self._stamp or "", text, not self._begun))
            self._begun = True
        return lines


class SeenLines:
    """Tells new lines from those that a reconnection brings again.

    Asking for a log "since" a time is exact to the second, so the lines of the last seconds come again, in the same order:
    as many of them are skipped as were seen. When the first of them is not the one that was first, the log file has been
    rotated in between; then lines are skipped up to the last time that was seen.
    """

    def __init__(self) -> None:
        self._last = ""
        self._counts: dict[str, int] = {}
        self._firsts: dict[str, str] = {}
        self._skip = 0
        self._skip_until = ""
        self._first = False
        self._parts = 0
        self._parts_to_skip = 0.0

    @property
    def since(self) -> str | None:
        """The time to ask from; None while nothing was seen."""
        return f"{min(self._counts)}Z" if self._counts else None

    def reconnected(self) -> None:
        """Expect the lines since :attr:`since` again."""
        self._skip = sum(self._counts.values())
        self._skip_until = ""
        self._first = bool(self._counts)

    def new(self, lines: Iterable[LogLine]) -> list[LogLine]:
        """Return the lines that were not seen before."""
        return [line for line in lines if not self._again(line)]

    def _again(self, line: LogLine) -> bool:
        if not line.stamp:
            return False
        if line.begins:
            self._begin(line.stamp)
        if self._parts_to_skip:
            self._parts_to_skip -= 1
            return True
        self._parts += 1
        return False

    def _begin(self, stamp: str) -> None:
        """Decide about a whole line; of the one that was seen last only the parts that had come are skipped."""
        if not self._repeats(stamp):
            self._remember(stamp)
            self._parts = self._parts_to_skip = 0
        elif stamp == self._skip_until or not (self._skip or self._skip_until):
            self._parts_to_skip = self._parts
        else:
            self._parts_to_skip = math.inf

    def _repeats(self, stamp: str) -> bool:
        if self._first:
            self._first = False
            if stamp != self._firsts[min(self._firsts)]:
                self._skip, self._skip_until = 0, self._last
        if self._skip:
            self._skip -= 1
            return True
        return bool(self._skip_until) and _ordered(stamp) <= _ordered(self._skip_until)

    def _remember(self, stamp: str) -> None:
        self._skip_until = ""
        if _ordered(stamp) > _ordered(self._last):
            self._last = stamp
        second = stamp[:SECOND]
        if self._counts and second < min(self._counts):
            return
        if second not in self._counts:
            newest = sorted(self._counts)[-1:]
            self._counts = {key: self._counts[key] for key in newest}
            self._firsts = {key: self._firsts[key] for key in newest}
            self._firsts[second] = stamp
        self._counts[second] = self._counts.get(second, 0) + 1


def _in_utc(stamp: str) -> str:
    """Return a timestamp in UTC with all its digits, for nodes write their own zone; empty when it is none."""
    time = as_time(stamp)
    if time is None or stamp.endswith("Z"):
        return stamp if time else ""
    fraction = stamp[SECOND:-6]
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _ordered(stamp: str) -> str:
    """Return a UTC timestamp in a form whose alphabetical order is that of time."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    return f"{whole}.{fraction.ljust(9, '0')}"
