"""How often a challenger that is alike is promoted when results are missing, or are one measurement counted again.

All comparisons are A/A: no program is better, so every promotion is false. "Taken at face value" is what a comparison does
that leaves out every scenario with a missing result, whoever failed it, and takes each of the others for a new measurement.
"As decided" is :func:`airflow_hpo.comparison.compare.compare`. Every number follows from the seed.

    python -m benchmarks.evidence_error_rates [--quick]

The exit status is 1 when a rate as decided lies above the declared level by more than four Monte Carlo standard errors.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.decision import Verdict
from airflow_hpo.comparison.estimation import p_above
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.objective import Objective
from benchmarks.comparison_error_rates import ALPHA, Printer

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], tuple[Array, Array]]
"""Draws values of champion and challenger; the higher the better, NaN where the program failed."""

RULE = ComparisonRule(alpha=ALPHA)
SCORE = Objective("score", "maximize")


def without_worst(values: Array, share: float, worst: float = -1.0) -> Array:
    """Return values of a program that fails in a share of the scenarios, where it does worst (or best, for ``worst=1``)."""
    count = round(share * len(values))
    failing = np.argsort(-worst * values)[:count]
    return np.where(np.isin(np.arange(len(values)), failing), np.nan, values)


def at_random(rng: np.random.Generator, values: Array, share: float) -> Array:
    """Return values of a program that fails by chance."""
    return np.where(rng.random(len(values)) < share, np.nan, values)


def alike(rng: np.random.Generator, pairs: int) -> tuple[Array, Array]:
    """Return what two programs alike measure; what is common to a scenario makes some harder."""
    days = rng.normal(size=pairs) * 3
    return days + rng.normal(size=pairs), days + rng.normal(size=pairs)


def _challenger_fails(share: float) -> Draw:
    def draw(rng: np.random.Generator, pairs: int) -> tuple[Array, Array]:
        days, old, new = rng.normal(size=pairs) * 3, rng.normal(size=pairs), rng.normal(size=pairs)
        return days + old, days + without_worst(new, share)

    return draw


def _champion_fails(worst: float) -> Draw:
    def draw(rng: np.random.Generator, pairs: int) -> tuple[Array, Array]:
        days, old, new = rng.normal(size=pairs) * 3, rng.normal(size=pairs), rng.normal(size=pairs)
        return days + without_worst(old, 0.1, worst), days + new

    return draw


def _both_fail_by_chance(rng: np.random.Generator, pairs: int) -> tuple[Array, Array]:
    old, new = alike(rng, pairs)
    return at_random(rng, old, 0.02), at_random(rng, new, 0.02)


def _one_value(rng: np.random.Generator, pairs: int) -> tuple[Array, Array]:
    return np.full(pairs, rng.normal()), np.full(pairs, rng.normal())


def _champion_once(rng: np.random.Generator, pairs: int) -> tuple[Array, Array]:
    return np.full(pairs, rng.normal()), rng.normal(size=pairs)


def _one_difference(rng: np.random.Generator, pairs: int) -> tuple[Array, Array]:
    old, _ = alike(rng, pairs)
    return old, old + rng.normal()


def _copies(rng: np.random.Generator, pairs: int) -> tuple[Array, Array]:
    old, new = alike(rng, -(-pairs // 3))
    return np.tile(old, 3)[:pairs], np.tile(new, 3)[:pairs]


def _rounded_copies(rng: np.random.Generator, pairs: int) -> tuple[Array, Array]:
    old, new = _copies(rng, pairs)
    return old.round(1), new.round(1)


CASES: dict[str, Draw] = {
    "nothing is missing or repeated": alike,
    "the challenger's program fails in its worst 10 %": _challenger_fails(0.1),
    "the challenger's program fails in its worst 20 %": _challenger_fails(0.2),
    "both programs fail by chance, 2 %": _both_fail_by_chance,
    "the champion's program fails in its worst 10 %": _champion_fails(-1.0),
    "the champion's program fails in its best 10 %": _champion_fails(1.0),
    "no use of scenario and seed: one value each": _one_value,
    "the champion was measured once": _champion_once,
    "one difference in every scenario": _one_difference,
    "every pair three times": _copies,
    "every pair three times, rounded": _rounded_copies,
}
UNBOUND = "the champion's program fails in its best 10 %"
"""Not alike in the scenarios that are left: there the champion is worse, and no rule can know what it would have reached."""


@dataclass(frozen=True)
class Rates:
    """Shares of the simulated comparisons that promote."""

    taken: float
    decided: float


def simulate(draw: Draw, pairs: int, repetitions: int) -> Rates:
    """Compare a like challenger many times."""
    rng = np.random.default_rng([pairs, 2026])
    drawn = [draw(rng, pairs) for _ in range(repetitions)]
    taken = [_taken_at_face_value(old, new) for old, new in drawn]
    decided = [compare(_frame(old, new), SCORE, RULE).verdict is Verdict.PROMOTE for old, new in drawn]
    return Rates(float(np.mean(taken)), float(np.mean(decided)))


def _taken_at_face_value(old: Array, new: Array) -> bool:
    both = ~np.isnan(old) & ~np.isnan(new)
    d = (new - old)[both]
    enough = len(d) >= RULE.min_pairs and (~both).mean() <= RULE.max_dropped + 1e-9
    return bool(enough and p_above(d, np.ones_like(d), 0.0) <= ALPHA)


def _frame(old: Array, new: Array) -> pd.DataFrame:
    days = [f"day {day}" for day in range(len(old))]
    frame = pd.DataFrame({"candidate": "champion", "scenario": days, "score": old})
    return pd.concat([frame, frame.assign(candidate="new", score=new)], ignore_index=True).assign(
        failure_kind="program"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    repetitions = 100 if parser.parse_args().quick else 1000
    printer = Printer(repetitions)
    rows = []
    for name, draw in CASES.items():
        cells = []
        for pairs in (10, 30):
            found = simulate(draw, pairs, repetitions)
            decided = f"{found.decided:.1%}" if name == UNBOUND else printer.checked(found.decided)
            cells += [f"{found.taken:.1%}", decided]
        rows.append([name, *cells])
    columns = [f"{pairs} scenarios, {how}" for pairs in (10, 30) for how in ("taken at face value", "as decided")]
    printer.table(f"A/A: false promotions, at most {ALPHA:.0%} declared", ["results", *columns], rows)
    return 1 if printer.worst > printer.limit else 0


if __name__ == "__main__":
    sys.exit(main())
