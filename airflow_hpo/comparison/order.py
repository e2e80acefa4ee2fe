"""Order of scenarios in time: one day tells something of the next, and every Monday is a Monday."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from itertools import pairwise

from airflow_hpo.comparison.rule import Dependence
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.window import Period

_DAY = timedelta(days=1)
_CHANGE_OF_CLOCKS = timedelta(hours=1)
_UNITS = {"hour": timedelta(hours=1), "day": _DAY, "week": 7 * _DAY}


@dataclass(frozen=True, slots=True)
class Order:
    """Scenarios from the first to the last."""

    names: tuple[str, ...]
    unit: str = "scenario"
    """What one of them is called: an hour, a day, a week."""
    season: str = ""
    """What recurs among them: the weekday of days, the time of day of shorter ones; empty for nothing."""
    seasons: Mapping[str, str] = field(default_factory=dict)
    """Which one each scenario is of, by name."""


def order_of(scenarios: Sequence[Scenario], dependence: Dependence) -> Order | None:
    """Return the order that a rule takes scenarios to have; None where they are independent."""
    if dependence is Dependence.INDEPENDENT:
        return None
    periods = {each.name: each.period for each in scenarios if each.period}
    ordered = sorted(periods.items(), key=lambda named: named[1].start.astimezone(UTC))
    if len(ordered) == len(scenarios) and all(_follows(one, other) for (_, one), (_, other) in pairwise(ordered)):
        return _in_time(dict(ordered))
    return Order(tuple(each.name for each in scenarios)) if dependence is Dependence.SERIAL else None


def _follows(one: Period, other: Period) -> bool:
    return one.end.astimezone(UTC) <= other.start.astimezone(UTC)


def _in_time(periods: Mapping[str, Period]) -> Order:
    lengths = [each.end.astimezone(UTC) - each.start.astimezone(UTC) for each in periods.values()]
    units = [name for name, unit in _UNITS.items() if all(_is(length, unit) for length in lengths)]
    unit, names = (units or ["scenario"])[0], tuple(periods)
    if unit == "day":
        return Order(names, unit, "weekday", {name: f"{each.start:%A}" for name, each in periods.items()})
    if max(lengths) < _DAY and not _DAY % max(lengths):
        return Order(names, unit, "time of day", {name: f"{each.start:%H:%M}" for name, each in periods.items()})
    return Order(names, unit)


def _is(length: timedelta, unit: timedelta) -> bool:
    return abs(length - unit) <= (_CHANGE_OF_CLOCKS if unit >= _DAY else timedelta())
