"""Error rates of comparisons of days in a row, when each day resembles the one before.

A/A: challenger and champion are alike on average, so every promotion is false. "As independent" takes each day for one scenario of
its own; "as a series" is what a comparison of a window cut into days does. The differences follow an AR(1) process of the given
correlation; "slow" is one of correlation 0.9 that makes half of each day's variance, under noise of each day; "bikes" are days of
the demo's real demand: two sets of parameters are drawn, and blocks of days of the differences of their costs (moving blocks,
Künsch, 1989), less their mean over the year. "Power lost" is the largest loss at correlation 0, over effects that a test of
independent days sees in 40 to 90 % of cases. "Weekdays" adds a difference between weekdays of one standard deviation.

    python -m benchmarks.dependent_error_rates [--quick]

The exit status is 1 when a rate lies above what the documentation promises by more than four Monte Carlo standard errors.
"""

from __future__ import annotations

import argparse
import math
import runpy
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.signal import lfilter

from airflow_hpo.comparison.alpha_spending import even_fractions, nominal_levels
from airflow_hpo.comparison.estimation import p_above
from airflow_hpo.comparison.order import Order
from airflow_hpo.comparison.rule import Spending
from airflow_hpo.comparison.series import series
from benchmarks.comparison_error_rates import ALPHA, Printer

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Array]
"""Draws differences of so many comparisons over so many days."""

DAYS = (8, 10, 12, 15, 20, 28, 30, 42, 56)
CORRELATIONS = (0.0, 0.3, 0.5, 0.7)
PROMISED = {0.0: 0.06, 0.3: 0.06, 0.5: 0.08, 0.7: 0.08}
POWERS = (0.4, 0.55, 0.7, 0.8, 0.9)
DEMO = Path(__file__).parent.parent / "dags" / "programs" / "plan_bikes.py"
BLOCK = 14
SPACE = {
    "level_rate": (0.02, 0.4),
    "weekday_rate": (0.01, 0.3),
    "per_degree": (0.0, 0.04),
    "rain": (0.2, 0.8),
    "margin": (0.0, 0.3),
}


def resembling(correlation: float) -> Draw:
    """Return what draws from a stationary AR(1) process of variance 1."""

    def draw(rng: np.random.Generator, repetitions: int, days: int) -> Array:
        new = rng.normal(size=(repetitions, days)) * math.sqrt(1 - correlation**2)
        new[:, 0] /= math.sqrt(1 - correlation**2)
        found: Array = lfilter([1.0], [1.0, -correlation], new, axis=1)
        return found

    return draw


def slow(rng: np.random.Generator, repetitions: int, days: int) -> Array:
    """Draw a slow change under the noise of each day."""
    both: Array = resembling(0.9)(rng, repetitions, days) + rng.normal(size=(repetitions, days))
    return both / math.sqrt(2)


def on_weekdays(draw: Draw) -> Draw:
    """Return what adds a difference between weekdays of one standard deviation, another one each time."""

    def drawn(rng: np.random.Generator, repetitions: int, days: int) -> Array:
        week = rng.normal(size=(repetitions, 7))
        week -= week.mean(axis=1, keepdims=True)
        week /= week.std(axis=1, keepdims=True)
        return draw(rng, repetitions, days) + week[:, np.arange(days) % 7]

    return drawn


def bikes(sets: int = 40) -> Draw:
    """Return what draws blocks of days of the demo's data."""
    program = runpy.run_path(str(DEMO))
    rng = np.random.default_rng(2011)
    costs = []
    for _ in range(sets):
        params = {name: float(rng.uniform(*ends)) for name, ends in SPACE.items()}
        first = [date(2011, 2, 1) + timedelta(days=day) for day in range(330)]
        costs.append(_daily(program, params, first))
    table = np.array(costs)

    def draw(rng: np.random.Generator, repetitions: int, days: int) -> Array:
        found = np.empty((repetitions, days))
        for row in found:
            one, other = rng.choice(sets, 2, replace=False)
            difference = table[other] - table[one]
            starts = rng.integers(0, len(difference) // 7 - BLOCK // 7, size=-(-days // BLOCK)) * 7
            row[:] = np.concatenate([difference[s : s + BLOCK] for s in starts])[:days]
            # The mean over all blocks, each of which is as likely.
            blocks = np.array([difference[7 * k : 7 * k + BLOCK] for k in range(len(difference) // 7 - BLOCK // 7)])
            row -= blocks.mean()
        return found

    return draw


def _daily(program: dict[str, object], params: dict[str, float], days: list[date]) -> list[float]:
    """Return the cost of each day, planned with what was known before it; the program gives the sum of a period."""
    options = argparse.Namespace(variant="forecast", **params)
    planner, rows = program["Planner"](options), []  # type: ignore[operator]
    import csv

    with program["DATA"].open(newline="") as file:  # type: ignore[attr-defined]
        for row in csv.DictReader(file):
            day = program["Day"](  # type: ignore[operator]
                date.fromisoformat(row["date"]), float(row["temperature"]), float(row["wet"]), int(row["riders"])
            )
            if day.date in days:
                short = day.riders - planner.plan(day)
                rows.append(max(short, 0) * 3.0 + max(-short, 0) * 1.0)
            planner.learn(day)
    return rows


def order_of_days(days: int) -> Order:
    """Return days in a row."""
    names = tuple(f"{day:03}" for day in range(days))
    return Order(names, "day", "weekday", {name: str(day % 7) for day, name in enumerate(names)})


def promoted(differences: Array, level: float = ALPHA, *, independent: bool = False) -> NDArray[np.bool_]:
    """Return which comparisons promote."""
    ones, order = np.ones(differences.shape[-1]), order_of_days(differences.shape[-1])
    if independent:
        parts = np.array_split(differences, max(1, len(differences) // 200))
        return np.concatenate([p_above(part, np.ones_like(part), 0.0) for part in parts]) <= level
    return np.array([p_above(row, ones, 0.0, series(row, order.names, order)) <= level for row in differences])


def looked_at(draw: Draw, noise: Draw, days: int, looks: int, repetitions: int, rng: np.random.Generator) -> float:
    """Return how often one of several looks promotes, each with new noise on the same days, as replicates bring it."""
    lasting = draw(rng, repetitions, days)
    new = [noise(rng, repetitions, days) for _ in range(looks)]
    levels = nominal_levels(ALPHA, even_fractions(looks), Spending.OBRIEN_FLEMING)
    found = np.zeros(repetitions, dtype=bool)
    for look, level in enumerate(levels, 1):
        found |= promoted(lasting + np.mean(new[:look], axis=0), level)
    return float(found.mean())


def lost(days: int, repetitions: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the power lost among independent days, and by differences between weekdays."""
    plain, weekly = (draw(rng, repetitions, days) for draw in (resembling(0.0), on_weekdays(resembling(0.0))))
    by_series, by_weekdays = [], []
    for power in POWERS:
        effect = _seen_in(power, days)
        independent, found = promoted(plain + effect, independent=True).mean(), promoted(plain + effect).mean()
        by_series.append(independent - found)
        by_weekdays.append(found - promoted(weekly + effect).mean())
    return float(max(by_series)), float(max(by_weekdays))


def _seen_in(power: float, days: int) -> float:
    """Return the effect that Student's t of independent days sees so often."""
    critical = float(stats.t.ppf(1 - ALPHA, days - 1))
    return float(brentq(lambda e: stats.nct.sf(critical, days - 1, e * math.sqrt(days)) - power, 0.01, 5))


def tables(printer: Printer, seed: int) -> bool:
    """Print all of it; say whether the promises hold."""
    n, rng = printer.repetitions, np.random.default_rng(seed)
    kept, names, rows = True, [f"{days} days" for days in DAYS], []
    cases: list[tuple[str, Draw, float | None]] = [
        (f"correlation {r:g}", resembling(r), PROMISED[r]) for r in CORRELATIONS
    ]
    cases += [
        ("correlation 0.3, weekdays", on_weekdays(resembling(0.3)), None),
        ("bikes", bikes(), 0.06),
        ("slow", slow, None),
    ]
    for name, draw, promise in cases:
        drawn = [draw(rng, n, days) for days in DAYS]
        rows.append([f"{name}, as independent", *[f"{promoted(each, independent=True).mean():.1%}" for each in drawn]])
        rates = [promoted(each).mean() for each in drawn]
        rows.append([f"{name}, as a series", *[f"{rate:.1%}" for rate in rates]])
        limit = 1.0 if promise is None else promise + 4 * math.sqrt(promise * (1 - promise) / n)
        kept &= max(rates) <= limit
    for looks, name, noise, promise in (
        (2, "", resembling(0.7), 0.08),
        (4, "", resembling(0.7), 0.08),
        (2, " under noise of each day", resembling(0.0), 1.0),
    ):
        rates = [looked_at(resembling(0.7), noise, days, looks, n, rng) for days in DAYS]
        rows.append([f"correlation 0.7{name}, {looks} looks, as a series", *[f"{rate:.1%}" for rate in rates]])
        kept &= max(rates) <= promise + 4 * math.sqrt(promise * (1 - promise) / n)
    printer.table(f"A/A, days in a row: false promotions under a declared {ALPHA:.0%}", ["differences", *names], rows)
    found = [lost(days, n, rng) for days in DAYS]
    rows = [
        ["power lost, correlation 0", *[f"{100 * series:.1f}" for series, _ in found]],
        ["power lost by weekdays", *[f"{100 * weekly:.1f}" for _, weekly in found]],
    ]
    printer.table("Price, in points of power", ["", *names], rows)
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--seed", type=int, default=1946, help="of all draws")
    options = parser.parse_args()
    return 0 if tables(Printer(500 if options.quick else 3000), options.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
