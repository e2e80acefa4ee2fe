"""Forecast of a study's wall time with more or fewer at once, from what attempts of earlier editions took."""

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from airflow_hpo.core.phases import Phase
from airflow_hpo.core.timed import Growth, Limit, Timed, growth_of, node_limit, overlaps, task_limit

PAYS = 0.1
"""Share of the wall time that twice as many at once must save to pay."""
LIMITED = 0.1
"""Share of their time that attempts must have waited for a limit to count."""


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt as it is forecast, in seconds."""

    waits: float
    """Before its place is needed, and until it has it where places are not limited."""
    needs: float
    """While it has its place: a node."""
    rest: float
    """Until its slot is free."""


def wall_time(work: Sequence[Work], slots: int, batch: int = 1, places: int | None = None) -> float:
    """Return the seconds from the first beginning to the last end, in the order of the work.

    More begin when ``batch`` slots are free: 1 for each one at once, as with continuous dispatch. ``places`` is how many can
    have their place at once; None for any number.
    """
    ends: list[float] = []
    taken = [0.0] * min(places, slots) if places else []
    now, begun = 0.0, 0
    while begun < len(work):
        left = len(work) - begun
        if slots - len(ends) < min(batch, left):
            now = heapq.heappop(ends)
            continue
        for one in work[begun : begun + min(slots - len(ends), left)]:
            at = now + one.waits
            if taken:
                at = max(at, heapq.heappop(taken))
                heapq.heappush(taken, at + one.needs)
            heapq.heappush(ends, at + one.needs + one.rest)
            begun += 1
    return max(ends, default=now)


@dataclass(frozen=True, slots=True)
class Planned:
    """The forecast for one number at once, in seconds."""

    parallelism: int
    batches: float
    continuous: float
    saves: float
    """Share of ``continuous`` that twice as many at once would save."""

    @property
    def pays(self) -> bool:
        """Whether twice as many at once are worth it."""
        return self.saves >= PAYS


class Forecast:
    """What attempts of earlier editions tell of a study's wall time."""

    def __init__(self, earlier: Sequence[Sequence[Timed]]) -> None:
        self._earlier = [list(edition) for edition in earlier]
        self._attempts = [one for edition in self._earlier for one in edition]
        self._numbers = [number for edition in self._earlier for number in overlaps(edition)]

    @cached_property
    def growths(self) -> dict[Phase, Growth]:
        """What took longer the more went on at once."""
        found = {phase: growth_of(*self._seen(phase)) for phase in Phase if phase is not Phase.POOL}
        return {phase: growth for phase, growth in found.items() if growth}

    @cached_property
    def nodes(self) -> int | None:
        """How many pods the cluster takes at once; None where nothing shows a limit."""
        return self._limit(node_limit)

    @cached_property
    def tasks(self) -> int | None:
        """How many trials Airflow runs at once; None where nothing shows a limit."""
        return self._limit(task_limit)

    def plan(self, number: int, parallelism: int, batch: int | None = None) -> Planned:
        """Return the forecast of so many attempts with so many at once; ``batch`` free slots are waited for, by default half."""
        once, twice = (self._continuous(number, slots) for slots in (parallelism, 2 * parallelism))
        waited_for = min(batch or math.ceil(parallelism / 2), parallelism)
        batches = self._wall_time(number, parallelism, waited_for)
        return Planned(parallelism, batches, once, 1 - twice / once if once else 0.0)

    def _continuous(self, number: int, parallelism: int) -> float:
        return self._wall_time(number, parallelism, 1)

    def _wall_time(self, number: int, parallelism: int, batch: int) -> float:
        slots = min(parallelism, self.tasks or parallelism)
        known = list(self._work(slots))
        # Of more than are wanted some of each edition; of fewer all of them over and over.
        wanted = (
            index * len(known) // number if number < len(known) else index % len(known) for index in range(number)
        )
        return wall_time([known[index] for index in wanted], slots, min(batch, slots), self.nodes)

    def _work(self, slots: int) -> Iterator[Work]:
        for one, seen in zip(self._attempts, self._numbers, strict=True):
            seconds = {
                phase: value * (self.growths[phase].times(seen, slots) if phase in self.growths else 1.0)
                for phase, value in one.seconds.items()
            }
            # The waits come by themselves where a limit is what makes them.
            if self.nodes:
                seconds |= {Phase.CREATION: 0.0, Phase.SCHEDULING: 0.0}
            if self.tasks:
                seconds[Phase.POOL] = 0.0
            waits = sum(seconds.get(phase, 0.0) for phase in (Phase.POOL, Phase.CREATION, Phase.SCHEDULING))
            needs = sum(seconds.get(phase, 0.0) for phase in (Phase.PULL, Phase.START, Phase.RUNNING))
            yield Work(waits, needs, seconds.get(Phase.TELLING, 0.0))

    def _seen(self, phase: Phase) -> tuple[list[float], list[float]]:
        known = [pair for pair in zip(self._numbers, self._attempts, strict=True) if phase in pair[1].seconds]
        return [number for number, _ in known], [one.seconds[phase] for _, one in known]

    def _limit(self, limit: Callable[[Sequence[Timed]], Limit | None]) -> int | None:
        """Return the largest limit of all editions in which attempts waited for a good part of their time."""
        found = [(limit(edition), sum(sum(one.seconds.values()) for one in edition)) for edition in self._earlier]
        return max((one.most for one, whole in found if one and one.waiting >= LIMITED * whole), default=None)
