"""Attempts as they spent their time: how many went on at once, and what took longer the more of them did."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from airflow_hpo.core.attempt import IN_CLUSTER, Attempt
from airflow_hpo.core.phases import Phase, Seconds
from airflow_hpo.core.waiting import Waiting, WaitsFor

Stretch = tuple[float, float]
"""From when to when, in seconds since 1970."""
HELD_SHARE = 0.05
"""How much of the time so many must have had something at once to count as the most that ever did."""
FULL = 0.8
"""How much of the time in which others waited as many as ever must have had it, so that it is a limit."""
FEWEST = 6
"""Attempts from which on a growth is looked for."""
SPREAD = 1.5
"""By how much the numbers of attempts at once must differ for that."""
SURE = 3.0
"""How many of its standard errors a growth must be above nothing."""


@dataclass(frozen=True, slots=True)
class Timed:
    """One attempt and its seconds."""

    begun: float
    """Seconds since 1970."""
    seconds: Seconds
    in_cluster: bool = False
    spans: Mapping[str, float] = field(default_factory=dict)
    """Seconds of the program's own places, by their names."""

    @classmethod
    def of(cls, attempt: Attempt, now: datetime) -> Self | None:
        """Return an attempt that has ended or goes on; None where its phases are not known."""
        known = attempt.seconds
        if known is None:
            return None
        seconds = dict(known)
        if attempt.finished is None:
            over = sum(seconds.values()) - seconds.get(Phase.POOL, 0.0)
            seconds[_phase_of(attempt)] = max(0.0, (now - attempt.started).total_seconds() - over)
        elif not seconds.keys() - {Phase.POOL}:
            return None  # it was lost
        return cls(attempt.started.timestamp(), seconds, attempt.backend in IN_CLUSTER, attempt.remarks.spans)

    @property
    def pool(self) -> float:
        """Seconds before it began."""
        return self.seconds.get(Phase.POOL, 0.0)

    @property
    def held(self) -> Stretch:
        """From when to when it held its slot."""
        return self.begun, self.begun + sum(self.seconds.values()) - self.pool

    @property
    def placed(self) -> Stretch:
        """From when to when it had its node."""
        start = self.begun + sum(self.seconds.get(phase, 0.0) for phase in (Phase.CREATION, Phase.SCHEDULING))
        return start, start + sum(self.seconds.get(phase, 0.0) for phase in (Phase.PULL, Phase.START, Phase.RUNNING))


def _phase_of(attempt: Attempt) -> Phase:
    """Return what an attempt that goes on spends its time with."""
    if not attempt.waits_for:
        return Phase.RUNNING
    what = Waiting.of(attempt.waits_for).what
    if what.creation:
        return Phase.CREATION
    if what in (WaitsFor.NODE, WaitsFor.GATE):
        return Phase.SCHEDULING
    return Phase.PULL if what is WaitsFor.IMAGE else Phase.START


@dataclass(frozen=True, slots=True)
class Limit:
    """A resource of which no more than so many attempts had their share at once while others waited for theirs."""

    most: int
    waiting: float
    """Seconds of all that waited."""


def limit_of(waited: Iterable[Stretch], had: Iterable[Stretch]) -> Limit | None:
    """Return the limit that attempts waited for, from when they did and when they had what they waited for.

    None where they waited although fewer had it than at other times: what took so long then was no limit, such as a node's start.
    """
    levels = _levels(waited, had)
    busy = sum(seconds for seconds, _, number in levels if number)
    most, longest = 0, 0.0
    for number in sorted({number for _, _, number in levels}, reverse=True):
        longest += sum(seconds for seconds, _, level in levels if level == number)
        if longest >= HELD_SHARE * busy:
            most = number
            break
    waiting = sum(seconds * waits for seconds, waits, _ in levels)
    full = sum(seconds * waits for seconds, waits, number in levels if number >= most)
    return Limit(most, waiting) if most and waiting and full >= FULL * waiting else None


NODES = (Phase.CREATION, Phase.SCHEDULING)
"""Phases in which pods wait for what a cluster has too little of."""


def node_limit(attempts: Sequence[Timed]) -> Limit | None:
    """Return how many pods a cluster takes at once, where others waited meanwhile."""
    return limit_of(((one.begun, one.placed[0]) for one in attempts), (one.placed for one in attempts))


def task_limit(attempts: Sequence[Timed]) -> Limit | None:
    """Return how many trials Airflow runs at once, where others waited for their tasks meanwhile."""
    return limit_of(((one.begun - one.pool, one.begun) for one in attempts), (one.held for one in attempts))


def _levels(waited: Iterable[Stretch], had: Iterable[Stretch]) -> list[tuple[float, int, int]]:
    """Return stretches of time in their order: seconds, how many waited, how many had what others waited for."""
    changes = sorted(
        (at, *((change, 0) if waits else (0, change)))
        for stretches, waits in ((waited, True), (had, False))
        for start, end in stretches
        if end > start
        for at, change in ((start, 1), (end, -1))
    )
    found, waits, number = [], 0, 0
    for (at, more_wait, more_have), (following, _, _) in itertools.pairwise(changes):
        waits, number = waits + more_wait, number + more_have
        found.append((following - at, waits, number))
    return found


def overlaps(attempts: Sequence[Timed]) -> list[float]:
    """Return how many attempts held slots at once on average while each of them did, itself included."""
    spans = [attempt.held for attempt in attempts]
    return [_overlap(own, spans) for own in spans]


def _overlap(own: Stretch, spans: Iterable[Stretch]) -> float:
    start, end = own
    if end <= start:
        return 1.0
    return sum(max(0.0, min(end, other) - max(start, begun)) for begun, other in spans) / (end - start)


@dataclass(frozen=True, slots=True)
class Growth:
    """How the seconds of something grow with the number of attempts at once: ``base + each * number``."""

    base: float
    each: float
    fewest: float
    """The fewest attempts at once that it was seen with."""
    most: float

    def at(self, number: float) -> float:
        """Return the seconds with so many attempts at once; with fewer than were seen never less than in proportion."""
        seen = max(number, self.fewest) if self.base < 0 else number
        return max(0.0, self.base + self.each * seen) * number / seen

    def times(self, before: float, then: float) -> float:
        """Return how many times as long something takes with ``then`` attempts at once as with ``before``."""
        return self.at(then) / self.at(before) if self.at(before) > 0 else 1.0


def growth_of(numbers: Sequence[float], seconds: Sequence[float]) -> Growth | None:
    """Return how seconds grow with the number of attempts at once; None where they do not, or that cannot be known."""
    if len(numbers) < FEWEST or max(numbers) < SPREAD * min(numbers):
        return None
    count, mean_x, mean_y = len(numbers), math.fsum(numbers) / len(numbers), math.fsum(seconds) / len(seconds)
    spread = math.fsum((x - mean_x) ** 2 for x in numbers)
    each = math.fsum((x - mean_x) * (y - mean_y) for x, y in zip(numbers, seconds, strict=True)) / spread
    base = mean_y - each * mean_x
    left = math.fsum((y - base - each * x) ** 2 for x, y in zip(numbers, seconds, strict=True))
    error = math.sqrt(left / (count - 2) / spread)
    if each <= 0 or each <= SURE * error:
        return None
    return Growth(base, each, min(numbers), max(numbers))
