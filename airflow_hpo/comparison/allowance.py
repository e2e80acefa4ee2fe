"""Allowance of one comparison: the level that earlier comparisons of the same parameter set have left for it."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.comparison.rule import ComparisonRule

Stretch = tuple[datetime, datetime]
_YEAR = timedelta(days=365)
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """A scenario as the ledger knows it."""

    name: str
    digest: str
    """Of its values."""
    start: datetime | None = None
    """When its data begin; None where its data have no time."""
    end: datetime | None = None
    cut: bool = False
    """Whether it was cut from a window, so that its name only says which part."""

    @property
    def key(self) -> tuple[str, str]:
        """What two scenarios share that are of the same kind."""
        return self.digest, "" if self.cut else self.name

    @property
    def stretch(self) -> Stretch:
        """The time of its data; of those that have none, always the same."""
        return self.start or _NEVER, self.end or _NEVER + timedelta(1)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a comparison stands for, before it is charged."""

    since: datetime
    """When its data begin; when it is made, where they have no time."""
    until: datetime
    scenarios: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Charged(Claim):
    """An earlier comparison, and what it was charged: by how many false promotions it may have raised the expected number."""

    charged: float


@dataclass(frozen=True, slots=True)
class Charge:
    """What a comparison may spend, and what is left after it."""

    level: float
    """Probability with which it may promote a challenger that is not better."""
    charged: float
    """What of that it was charged; 0 where nothing could be promoted, or was charged before."""
    left: float | None
    """What is left after it; None where each comparison stands by itself."""
    a_month: float | None
    """What a month of new data brings."""
    scenarios: int
    """How many scenarios it has."""
    seen: int
    """How many of them an earlier comparison had used."""
    earlier: int
    """How many earlier comparisons were counted."""
    not_counted: int = 0
    """How many were not, because they are from before their scenarios were kept."""
    before: bool = False
    """Whether it was charged before: at an earlier look, or when the same was decided."""

    def for_nothing(self) -> "Charge":
        """Return the charge of a comparison that can promote nothing."""
        left = None if self.left is None else self.left + self.charged
        return replace(self, charged=0.0, left=left)


def left_of(budget: ErrorBudget, alpha: float, earlier: Sequence[Charged], now: Claim) -> float:
    """Return what is left for a comparison after all earlier ones, in the order in which they were charged.

    A comparison stands for the time of its data, and for what lies between them and the comparison before. Of that it brings what none
    has brought. What was spent beyond the budget, by rules that allowed more, is no debt: nothing is left until time has gone on.
    """
    most, rate = budget.saved(alpha), budget.comes_in(alpha) / _YEAR.total_seconds()
    left, ends, covered = most, list[datetime](), list[Stretch]()
    for each in (*earlier, now):
        place = bisect_right(ends, each.until)
        since = min(each.since, ends[place - 1]) if place else each.since
        left = min(most, left + rate * _uncovered((since, each.until), covered))
        covered = _merged([*covered, (since, each.until)])
        ends.insert(place, each.until)
        if isinstance(each, Charged):
            left = max(0.0, left - each.charged)
    return left


def charge_for(rule: ComparisonRule, earlier: Sequence[Charged], now: Claim) -> Charge:
    """Return what a comparison may spend, if it is charged in full."""
    counts = len(now.scenarios), _seen_before(earlier, now), len(earlier)
    if not isinstance(rule.error, ErrorBudget):
        return Charge(rule.alpha, rule.alpha, None, None, *counts)
    left = left_of(rule.error, rule.alpha, earlier, now)
    level = rule.error.taken_of(left)
    return Charge(level, level, max(0.0, left - level), rule.error.comes_in(rule.alpha) / 12, *counts)


def charged_before(rule: ComparisonRule, every: Sequence[Charged], charge: Charge, level: float) -> Charge:
    """Return the charge of a comparison that is in the ledger, at the level of the first time."""
    left = None
    if isinstance(rule.error, ErrorBudget):
        left = left_of(rule.error, rule.alpha, every, Claim(every[-1].until, every[-1].until, ()))
    return replace(charge, level=level, charged=0.0, left=left, before=True)


def most_allowed(rule: ComparisonRule) -> float:
    """Return the level of a comparison for which everything is there that can be."""
    if not isinstance(rule.error, ErrorBudget):
        return rule.alpha
    return rule.error.taken_of(rule.error.saved(rule.alpha))


def _seen_before(earlier: Iterable[Claim], now: Claim) -> int:
    """Return how many scenarios have data that an earlier comparison had used."""
    used: dict[tuple[str, str], list[Stretch]] = {}
    for scenario in (each for past in earlier for each in past.scenarios):
        used.setdefault(scenario.key, []).append(scenario.stretch)
    used = {key: _merged(stretches) for key, stretches in used.items()}
    return sum(
        any(
            start <= each.stretch[0] < end or each.stretch[0] <= start < each.stretch[1]
            for start, end in used.get(each.key, ())
        )
        for each in now.scenarios
    )


def _merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the stretches of time that some cover together, from the first to the last."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _uncovered(stretch: Stretch, covered: Iterable[Stretch]) -> float:
    """Return how many seconds of a stretch lie in none of some that are apart."""
    (since, until), total = stretch, timedelta()
    for start, end in covered:
        total += max(timedelta(), min(until, end) - max(since, start))
    return (until - since - total).total_seconds()
