"""Lines of a container's log as Kubernetes sends it: with timestamps, and again after every reconnection."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import NamedTuple

from airflow_hpo.core.metrics.lines import LineSplitter
from airflow_hpo.core.metrics.values import as_time

STAMP_LENGTH = 48
"""Bytes within which a line's timestamp ends; Kubernetes writes 30 to 35."""
SECOND = len("2026-11-21T08:00:00")


class Position(NamedTuple):
    """How far a log was read: the timestamps of the first line of all and of the last one that was read."""

    first: str
    until: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a container's output, or a part of it that ended with a carriage return."""

    stamp: str
    """Kubernetes' timestamp in UTC; empty on what is no output, such as the kubelet's message about a lost log."""
    text: str
    begins: bool = True
    """False for further parts of the same line: a progress bar rewrites one line again and again."""
    counted: bool = False
    """Whether a watcher of before has read it, so that its values count already."""
    after_gap: str = ""
    """The timestamp of the line that was read before, where those between the two are lost; else empty."""


class TimestampedLines:
    """Split a log stream that was asked for with timestamps, however it is cut into pieces."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._splitter = LineSplitter(names=names)
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
    """Tells new lines from those that a reconnection sends again.

    A log can be asked for "since" a time that is exact to the second, so every reconnection sends the lines of the last seconds
    again. Their timestamps do not tell which are new: many lines share one, and two streams of a container are not in order.
    What is certain is that the same file is sent in the same order: so as many lines are skipped as were seen.

    Only the last two seconds are counted, however long the log is, and the log is asked for from the older of the two: a line
    that is written late may bear the time of the second before.

    When the first line that comes is not the one that was first, the kubelet has rotated the file and its beginning is gone.
    Counting would then skip lines that were never read; lines are skipped by their time instead, up to the last that was read.

    A line that a progress bar rewrites comes in parts, before it ends. Of the last line that was seen, which may have grown
    since, only as many parts are skipped as had come.

    A file that begins later than the last line that was read lacks those between: its first line is marked. What a watcher of
    ``before`` has read is marked only where the file that it began with is gone, for else all of it is read again.
    """

    def __init__(self, before: Position | None = None) -> None:
        self._before = before
        """What a watcher of before has read, until the first line shows whether that is needed."""
        self._counted_until = ""
        """Timestamp up to which lines were read by that watcher; else empty."""
        self._gap = ""
        """The last line that was read before a gap that the next line ends; else empty."""
        self._last = ""
        """The latest timestamp that was seen."""
        self._counts: dict[str, int] = {}
        """Lines that were seen, by their second; the last two seconds only."""
        self._firsts: dict[str, str] = {}
        """Timestamp of the first line of each of these seconds: it tells a rotated file."""
        self._skip = 0
        """How many lines are still to come again."""
        self._skip_until = ""
        """Timestamp up to which lines come again, after a rotation; else empty."""
        self._first = False
        """Whether the next line is the first of a connection."""
        self._parts = 0
        """Parts that were seen of the line that was seen last."""
        self._parts_to_skip = 0.0
        """Parts of the present line that come again."""

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
        return [self._marked(line) for line in lines if not self._again(line)]

    def _marked(self, line: LogLine) -> LogLine:
        if not line.stamp:
            return line
        if self._before:
            first, until = self._before
            self._before = None
            if line.stamp != first:
                self._counted_until = until
                self._gap = until if ordered(line.stamp) > ordered(until) else ""
        counted = bool(self._counted_until) and ordered(line.stamp) <= ordered(self._counted_until)
        gap, self._gap = self._gap, ""
        return replace(line, counted=counted, after_gap=gap) if counted or gap else line

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
                # The file was rotated.
                self._skip, self._skip_until = 0, self._last
                self._gap = self._last if ordered(stamp) > ordered(self._last) else ""
        if self._skip:
            self._skip -= 1
            return True
        return bool(self._skip_until) and ordered(stamp) <= ordered(self._skip_until)

    def _remember(self, stamp: str) -> None:
        self._skip_until = ""
        if ordered(stamp) > ordered(self._last):
            self._last = stamp
        second = stamp[:SECOND]
        if self._counts and second < min(self._counts):
            # Written late; the seconds that are asked for do not include it, so it cannot come again.
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


def ordered(stamp: str) -> str:
    """Return a UTC timestamp in a form that sorts by time."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    return f"{whole}.{fraction.ljust(9, '0')}"
