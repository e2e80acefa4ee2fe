"""Lines of a container's log as Kubernetes sends it: with timestamps, and again after every reconnection."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any, Self

from airflow_hpo.core.metrics.lines import LineSplitter
from airflow_hpo.core.metrics.values import as_time

STAMP_LENGTH = 48
"""Bytes within which a line's timestamp ends; Kubernetes writes 30 to 35."""
SECOND = len("2026-11-21T08:00:00")
SET_BACK = 10.0
"""Seconds by which a line must be older than one before for the clock to have been set back: two streams differ by less."""
_NUMBERS = ("parts", "length", "lines", "begins", "set_back")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a container's output, or a part of it that ended with a carriage return."""

    stamp: str
    """Kubernetes' timestamp in UTC; empty on what is no output, such as the kubelet's message about a lost log."""
    text: str
    begins: bool = True
    """False for further parts of the same line: a progress bar rewrites one line again and again."""
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


class Place:
    """How far a log was read, as another watcher needs it to go on there."""

    def __init__(self, last: str = "") -> None:
        self.last = last
        """The latest timestamp of all lines."""
        self.counts: dict[str, int] = {}
        """Lines by their second; the last two seconds only."""
        self.firsts: dict[str, str] = {}
        """Timestamp of the first line of each of these seconds: it tells a rotated file."""
        self.parts = 0
        """Parts of the line that came last."""
        self.lines = 0
        """All lines."""
        self.begins = ""
        """Timestamp of the first line of all."""
        self.set_back = False
        """Whether the clock of the node was set back meanwhile: then the log is asked for whole, and all lines are counted."""
        self.length = 0
        """About how many bytes the log has up to here."""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Build it from what :meth:`kept` returned; the version before kept the last timestamp only."""
        place = cls(data["until"])
        place.counts, place.firsts = dict(data.get("counts", {})), dict(data.get("firsts", {}))
        for name in _NUMBERS:
            setattr(place, name, data.get(name, getattr(place, name)))
        return place

    def kept(self) -> dict[str, Any]:
        """Return it as plain data."""
        more = {name: getattr(self, name) for name in _NUMBERS}
        return {"until": self.last, "counts": self.counts, "firsts": self.firsts, **more}

    def copy(self) -> Self:
        """Return another one that does not change with this one."""
        return self.of(self.kept())

    @property
    def since(self) -> str | None:
        """The time to ask from; None for the whole log."""
        if self.set_back:
            return None
        second = min(self.counts) if self.counts else self.last[:SECOND]
        return f"{second}Z" if second else None

    @property
    def first(self) -> str:
        """The timestamp of the line that a log from :attr:`since` on begins with; empty when that is not known."""
        if self.set_back:
            return self.begins
        return self.firsts[min(self.counts)] if self.counts else ""

    @property
    def repeated(self) -> int:
        """How many lines of a log from :attr:`since` on are known."""
        return self.lines if self.set_back else sum(self.counts.values())

    def take(self, line: LogLine) -> None:
        """Take a line that is new, or one more part of the last."""
        self.length += len(line.text)
        if line.begins:
            self.length += STAMP_LENGTH
            self._begin(line.stamp)
            self.parts = 0
        self.parts += 1

    def _begin(self, stamp: str) -> None:
        self.lines += 1
        self.begins = self.begins or stamp
        if ordered(stamp) > ordered(self.last):
            self.last = stamp
        second = stamp[:SECOND]
        if self.counts and second < min(self.counts):
            # Written late; the seconds that are asked for do not include it, so it cannot come again.
            self.set_back = self.set_back or seconds_between(stamp, self.last) > SET_BACK
            return
        if second not in self.counts:
            newest = sorted(self.counts)[-1:]
            self.counts = {key: self.counts[key] for key in newest}
            self.firsts = {key: self.firsts[key] for key in newest}
            self.firsts[second] = stamp
        self.counts[second] = self.counts.get(second, 0) + 1


class SeenLines:
    """Tells new lines from those that a reconnection, also that of another watcher, sends again.

    A log can be asked for "since" a time that is exact to the second, so every reconnection sends the lines of the last seconds
    again. Their timestamps do not tell which are new: many lines share one, and two streams of a container are not in order.
    What is certain is that the same file is sent in the same order: so as many lines are skipped as were seen.

    Only the last two seconds are counted, however long the log is, and the log is asked for from the older of the two: a line
    that is written late may bear the time of the second before.

    When the first line that comes is not the one that was first, the kubelet has rotated the file and its beginning is gone.
    Counting would then skip lines that were never read; lines are skipped by their time instead, up to the last that was read.

    A line that a progress bar rewrites comes in parts, before it ends. Of the last line that was seen, which may have grown
    since, only as many parts are skipped as had come.

    A file that begins later than the last line that was read lacks those between: its first line is marked.

    Where the clock of the node is set back the lines after that are older than those before, so the whole log is asked for.
    """

    def __init__(self, before: Place | None = None) -> None:
        self._place = before.copy() if before else Place()
        self._gap = ""
        """The last line that was read before a gap that the next line ends; else empty."""
        self._skip = 0
        """How many lines are still to come again."""
        self._skip_until = ""
        """Timestamp up to which lines come again, after a rotation; else empty."""
        self._first = False
        """Whether the next line is the first of a connection."""
        self._parts_to_skip = 0.0
        """Parts of the present line that come again."""

    @property
    def since(self) -> str | None:
        """The time to ask from; None while nothing was seen."""
        return self._place.since

    def reconnected(self) -> None:
        """Expect the lines since :attr:`since` again."""
        self._skip = self._place.repeated
        self._skip_until = ""
        self._first = bool(self._place.last)

    def new(self, lines: Iterable[LogLine]) -> list[LogLine]:
        """Return the lines that were not seen before."""
        return [self._taken(line) for line in lines if not self._again(line)]

    def _taken(self, line: LogLine) -> LogLine:
        if not line.stamp:
            return line
        self._place.take(line)
        gap, self._gap = self._gap, ""
        return replace(line, after_gap=gap) if gap else line

    def _again(self, line: LogLine) -> bool:
        if not line.stamp:
            return False
        if line.begins:
            self._begin(line.stamp)
        if self._parts_to_skip:
            self._parts_to_skip -= 1
            return True
        return False

    def _begin(self, stamp: str) -> None:
        """Decide about a whole line; of the one that was seen last only the parts that had come are skipped."""
        if not self._repeats(stamp):
            self._skip_until = ""
            self._parts_to_skip = 0
        elif stamp == self._skip_until or not (self._skip or self._skip_until):
            self._parts_to_skip = self._place.parts or 1
        else:
            self._parts_to_skip = math.inf

    def _repeats(self, stamp: str) -> bool:
        if self._first:
            self._first = False
            last = self._place.last
            if stamp != self._place.first:
                # The file was rotated. Of a clock that was set back no time says which lines are new.
                set_back = self._place.set_back
                self._skip, self._skip_until = 0, "" if set_back else last
                self._gap = last if set_back or ordered(stamp) > ordered(last) else ""
        if self._skip:
            self._skip -= 1
            return True
        return bool(self._skip_until) and ordered(stamp) <= ordered(self._skip_until)


def _in_utc(stamp: str) -> str:
    """Return a timestamp in UTC with all its digits, for nodes write their own zone; empty when it is none."""
    time = as_time(stamp)
    if time is None or stamp.endswith("Z"):
        return stamp if time else ""
    fraction = stamp[SECOND:-6]
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def seconds_between(one: str, other: str) -> float:
    """Return how much later the other timestamp is; 0 where one is none."""
    before, now = as_time(one), as_time(other)
    return (now - before).total_seconds() if before and now else 0.0


def ordered(stamp: str) -> str:
    """Return a UTC timestamp in a form that sorts by time."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    return f"{whole}.{fraction.ljust(9, '0')}"
