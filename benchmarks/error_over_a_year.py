"""False promotions over a year: months, reruns on one window, and a dozen regions, with challengers that are never better.

A/A: in truth all candidates are alike, and each has noise of its own in each day. A challenger is compared with the champion over the
days of a test window, as the product does (``comparison.estimation``, independent days), at the level that the error budget has left
(``comparison.allowance``), or each comparison by itself at 5 %. One that is promoted is the champion from then on. "Budget" is the most that
is declared: of reruns on one window 5 %, of a year 20 %, which is one false promotion in five years; twelve regions share it. The power is
that of a gain which a single comparison at 5 % shows in 80 % of cases.

    python -m benchmarks.error_over_a_year [--quick]

The exit status is 1 when a rate lies above the declared one by more than four Monte Carlo standard errors.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from airflow_hpo.comparison.allowance import Charge, Charged, Claim, Seen, charge_for
from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.comparison.estimation import p_above
from airflow_hpo.comparison.rule import ComparisonRule
from benchmarks.comparison_error_rates import ALPHA, Printer

DAY = timedelta(days=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = [round(number * 365 / 12) for number in range(12)]
REGIONS = 12
BUDGET = ComparisonRule()
SHARED = ComparisonRule(error=ErrorBudget(among=REGIONS))
EACH = ComparisonRule(error="each")
POWER = 0.8


@dataclass(frozen=True)
class Year:
    """When the test windows of a year begin, in days, and how long they are."""

    name: str
    begins: Sequence[int]
    days: int
    declared: float

    def charges(self, rule: ComparisonRule) -> list[Charge]:
        """Return what each comparison may spend."""
        past: list[Charged] = []
        found = []
        for begin in self.begins:
            days = [FIRST + (begin + day) * DAY for day in range(self.days)]
            seen = tuple(Seen(f"{day:%Y-%m-%d}", "", day, day + DAY, cut=True) for day in days)
            claim = Claim(days[0], days[-1] + DAY, seen)
            found.append(charge_for(rule, past, claim))
            past.append(Charged(claim.since, claim.until, seen, found[-1].charged))
        return found


RERUNS = Year("12 reruns on one window of 8 weeks", [0] * 12, 56, ALPHA)
FRESH = Year("12 months, 4 new weeks each", MONTHS, 28, ErrorBudget().a_year)
ROLLING = Year("12 months, the newest 8 weeks", MONTHS, 56, ErrorBudget().a_year)


def promotions(year: Year, levels: Sequence[float], years: int, rng: np.random.Generator) -> NDArray[np.int_]:
    """Return how many challengers are promoted in each of so many years."""
    champion = rng.normal(size=(years, max(year.begins) + year.days))
    counts = np.zeros(years, dtype=int)
    for begin, level in zip(year.begins, levels):
        window = slice(begin, begin + year.days)
        challenger = rng.normal(size=(years, year.days))
        ahead = challenger - champion[:, window]
        wins = p_above(ahead, np.ones_like(ahead), 0.0) <= level
        champion[wins, window] = challenger[wins]
        counts += wins
    return counts


def power(level: float, days: int) -> float:
    """Return how often a gain is shown that is shown in 80 % of cases at 5 %, by Student's t of independent days."""
    at_alpha, at_level = (stats.t.ppf(1 - error, days - 1) for error in (ALPHA, level))
    gain = stats.norm.ppf(POWER) + at_alpha
    return float(stats.nct.sf(at_level, days - 1, gain))


def rates(printer: Printer, rng: np.random.Generator) -> bool:
    """Print how often something is promoted that is not better; say whether the budget holds."""
    n, rows, held = printer.repetitions, [], True
    for year in (RERUNS, FRESH, ROLLING):
        counts = [promotions(year, [each.level for each in year.charges(rule)], n, rng) for rule in (EACH, BUDGET)]
        spent = sum(each.charged for each in year.charges(BUDGET))
        rows.append(_row(year.name, counts, spent, year.declared))
        held &= counts[1].mean() <= year.declared + 4 * math.sqrt(year.declared / n)
    regions = [
        promotions(ROLLING, [each.level for each in ROLLING.charges(rule)], n * REGIONS, rng)
        .reshape(n, REGIONS)
        .sum(axis=1)
        for rule in (EACH, SHARED)
    ]
    spent = REGIONS * sum(each.charged for each in ROLLING.charges(SHARED))
    rows.append(_row(f"{REGIONS} regions, each as above", regions, spent, ROLLING.declared))
    held &= regions[1].mean() <= ROLLING.declared + 4 * math.sqrt(ROLLING.declared / n)
    header = [
        "",
        "each: at least one",
        "false promotions",
        "budget: at least one",
        "false promotions",
        "spent",
        "declared",
    ]
    printer.table("A/A over a year", header, rows)
    return held


def _row(name: str, counts: Sequence[NDArray[np.int_]], spent: float, declared: float) -> list[str]:
    found = [text for each in counts for text in (f"{(each > 0).mean():.1%}", f"{each.mean():.3f}")]
    return [name, *found, f"{spent:.3f}", f"{declared:.3f}"]


def powers(printer: Printer) -> None:
    """Print what the budget costs: how often a gain is shown."""
    rows = [
        [name, *[f"{power(level, ROLLING.days):.0%}" for level in (levels[0].level, levels[-1].level)]]
        for name, rule in (
            ("each by itself", EACH),
            ("one in 5 years", BUDGET),
            ("one in 2 years", ComparisonRule(error=ErrorBudget(years=2))),
            ("one a year", ComparisonRule(error=ErrorBudget(years=1))),
            (f"one in 5 years, {REGIONS} regions", SHARED),
            (f"one a year, {REGIONS} regions", ComparisonRule(error=ErrorBudget(years=1, among=REGIONS))),
        )
        for levels in [ROLLING.charges(rule)]
    ]
    printer.table("Power, the newest 8 weeks", ["error", "first month", "twelfth month"], rows)


def rolling(printer: Printer) -> None:
    """Print the year of a window that moves on by a month, as the demo's does."""
    rows = [
        [
            f"{(FIRST + begin * DAY + 56 * DAY):%Y-%m-%d}",
            f"{each.seen} of {each.scenarios}",
            f"{each.level:.2%}",
            f"{each.left:.2%}",
        ]
        for begin, each in zip(ROLLING.begins, ROLLING.charges(BUDGET))
    ]
    printer.table("One in 5 years, month by month", ["as of", "days used before", "may err with", "left"], rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--seed", type=int, default=2008, help="of all draws")
    options = parser.parse_args()
    printer = Printer(500 if options.quick else 4000)
    held = rates(printer, np.random.default_rng(options.seed))
    powers(printer)
    rolling(printer)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
