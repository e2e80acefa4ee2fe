"""How often a comparison errs: simulated promotions beside the level that was declared.

A/A: challengers and champion are alike, so every promotion is false. A/B: a challenger is better by a known amount, so
promotions are right, and theory says how frequent they can be. "Naive" promotes whoever has the best mean.

What is common to a scenario cancels in paired differences and is not drawn. The rest is drawn per candidate and scenario
from normal, skewed (exponential) and heavy-tailed (Student's t, 3 degrees) distributions. Looks divide the scenarios
evenly. The rule's ``min_pairs`` is not applied: the test alone has to hold. Every number follows from the seed.

    python -m benchmarks.comparison_error_rates [--quick]

The exit status is 1 when an A/A rate lies above the declared level by more than four Monte Carlo standard errors.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import stats

from airflow_hpo.comparison.alpha_spending import even_fractions, nominal_levels
from airflow_hpo.comparison.estimation import p_above, p_below
from airflow_hpo.comparison.holm import holm, step_levels
from airflow_hpo.comparison.reachable import EXACT_PAIRS
from airflow_hpo.comparison.rule import Spending

Array = NDArray[np.float64]
Noise = Callable[[np.random.Generator, tuple[int, ...]], Array]

ALPHA = 0.05
PAIRS = (3, 5, 8, 15, 30)
NOISES: dict[str, Noise] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "skewed": lambda rng, shape: rng.exponential(size=shape) - 1,
    "heavy-tailed": lambda rng, shape: rng.standard_t(3, size=shape),
}
UNEVEN: dict[str, Noise] = {
    "rare large losses, strong": lambda rng, shape: 1 - rng.exponential(size=shape),
    "rare large losses, mild": lambda rng, shape: (4 - rng.gamma(4, size=shape)) / 2,
    "rare large wins, strong": lambda rng, shape: rng.exponential(size=shape) - 1,
}


@dataclass(frozen=True)
class Rates:
    """Shares of the simulated comparisons."""

    promoted: float
    kept: float
    naive: float
    scenarios: float
    """Mean number of scenarios when the comparison ended."""


def simulate(
    noise: Noise,
    pairs: int,
    challengers: int,
    looks: int,
    repetitions: int,
    *,
    effect: float = 0.0,
    threshold: float = 0.0,
    spending: Spending = Spending.OBRIEN_FLEMING,
    alike: bool = True,
) -> Rates:
    """Compare challengers with the champion many times.

    :param noise: draws what is not common to the candidates.
    :param pairs: scenarios at the last look.
    :param challengers: how many; all of them differ from the champion by ``effect``.
    :param looks: how often an inconclusive comparison is judged at most.
    :param repetitions: simulated comparisons.
    :param effect: true advantage of every challenger.
    :param threshold: the minimum improvement.
    :param spending: how the error is divided among looks.
    :param alike: whether the champion has the same noise; otherwise it has none, and differences are as skewed as noise.
    """
    rng = np.random.default_rng([pairs, challengers, looks, 2026])
    old = noise(rng, (repetitions, 1, pairs)) if alike else np.zeros((repetitions, 1, pairs))
    differences = noise(rng, (repetitions, challengers, pairs)) + effect - old
    counts = sorted({math.ceil(pairs * k / looks) for k in range(1, looks + 1)})
    fractions = tuple(count / pairs for count in counts)
    return _sequence([differences[..., :count] for count in counts], fractions, threshold, spending)


def simulate_replicates(pairs: int, looks: int, between: float, repetitions: int) -> Rates:
    """Compare a like challenger when every look orders another replicate of the same scenarios.

    :param pairs: scenarios.
    :param looks: how often, and so how many replicates at most.
    :param between: standard deviation of the challenger's true differences between scenarios, in units of the noise's.
    :param repetitions: simulated comparisons.
    """
    rng = np.random.default_rng([pairs, looks, 7])
    own = rng.normal(size=(repetitions, 1, pairs)) * between
    noise = rng.normal(size=(looks, repetitions, 1, pairs))
    seen = [own + noise[: k + 1].mean(axis=0) for k in range(looks)]
    return _sequence(seen, even_fractions(looks), 0.0, Spending.OBRIEN_FLEMING)


def _sequence(seen: list[Array], fractions: tuple[float, ...], threshold: float, spending: Spending) -> Rates:
    repetitions, challengers = seen[0].shape[:2]
    verdict = np.zeros(repetitions)
    used = np.full(repetitions, seen[-1].shape[-1])
    for k, differences in enumerate(seen, 1):
        promote, keep = _look(differences, fractions[:k], challengers, threshold, spending)
        now = np.where(promote, 1, np.where(keep, -1, 0)) * (verdict == 0)
        used[now != 0] = differences.shape[-1]
        verdict += now
    naive = seen[-1].mean(axis=-1).max(axis=-1) > 0
    return Rates(float((verdict > 0).mean()), float((verdict < 0).mean()), float(naive.mean()), float(used.mean()))


def _look(
    differences: Array, fractions: tuple[float, ...], challengers: int, threshold: float, spending: Spending
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    above, below = _in_parts(differences, threshold)
    rejected, _ = holm(above, step_levels(ALPHA, challengers, fractions, spending))
    refuted = below <= nominal_levels(ALPHA, fractions, spending)[-1]
    return np.logical_or.reduce(rejected, axis=-1), np.logical_and.reduce(refuted, axis=-1)


def _in_parts(differences: Array, threshold: float) -> tuple[Array, Array]:
    """Return both p-values of every repetition and challenger, a few at a time: each has up to 4,095 subsets."""
    pairs = differences.shape[-1]
    rows = 2**22 // (differences.shape[1] * (2**pairs if pairs <= EXACT_PAIRS else pairs))
    found = [
        _p_values(part, threshold) for part in np.array_split(differences, max(1, len(differences) // max(rows, 1)))
    ]
    return np.concatenate([above for above, _ in found]), np.concatenate([below for _, below in found])


def _p_values(part: Array, threshold: float) -> tuple[Array, Array]:
    ones = np.ones_like(part)
    return p_above(part, ones, threshold), p_below(part, ones, threshold)


def theory(pairs: int, effect: float) -> float:
    """Return the power of the one-sided t test for normal differences of two candidates with noise 1 each."""
    critical = stats.t.ppf(1 - ALPHA, pairs - 1)
    return float(stats.nct.sf(critical, pairs - 1, effect / math.sqrt(2) * math.sqrt(pairs)))


class Printer:
    """Prints tables and remembers whether a rate was too high.

    :param repetitions: simulated comparisons behind every rate.
    """

    def __init__(self, repetitions: int) -> None:
        self.repetitions = repetitions
        self.console = Console(width=120)
        self.limit = ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / repetitions)
        self.worst = 0.0

    def checked(self, rate: float) -> str:
        """Return a rate that must not exceed the declared level, marked when it does."""
        self.worst = max(self.worst, rate)
        return f"{rate:.2%}" + (" ABOVE" if rate > self.limit else "")

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """Print a table, its numbers to the right."""
        table = Table(*columns, title=title, title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(*row)
        self.console.print(table)


def alike(printer: Printer) -> None:
    """Print false promotions when nobody is better."""
    n = printer.repetitions
    names = [f"{pairs} pairs" for pairs in PAIRS]
    for title, cases in (
        ("A/A, one challenger, by looks", [(1, looks) for looks in range(1, 5)]),
        ("A/A, one look, by challengers", [(challengers, 1) for challengers in range(2, 6)]),
        ("A/A, several challengers and looks", [(2, 2), (3, 3), (5, 4)]),
    ):
        rows = [
            [f"{name}, challengers {m}, looks {k}"]
            + [printer.checked(simulate(noise, pairs, m, k, n).promoted) for pairs in PAIRS]
            for name, noise in NOISES.items()
            for m, k in cases
        ]
        printer.table(f"{title}: false promotions, at most {ALPHA:.0%} declared", ["noise", *names], rows)
    rows = [
        [f"looks {k}"]
        + [printer.checked(simulate(NOISES["normal"], p, 1, k, n, spending=Spending.POCOCK).promoted) for p in PAIRS]
        for k in (2, 4)
    ]
    printer.table("A/A, one challenger, Pocock's spending: false promotions", ["normal", *names], rows)
    rows = [
        [f"looks {k}, differs between scenarios by {between:g}"]
        + [printer.checked(simulate_replicates(pairs, k, between, n).promoted) for pairs in PAIRS]
        for k in (2, 4)
        for between in (0.0, 1.0)
    ]
    printer.table("A/A, each look orders another replicate: false promotions", ["normal", *names], rows)


def naive(printer: Printer) -> None:
    """Print how often the naive rule replaces a champion that nobody beats."""
    rows = [
        [f"{m}"] + [f"{simulate(NOISES['normal'], pairs, m, 1, printer.repetitions).naive:.1%}" for pairs in PAIRS]
        for m in range(1, 6)
    ]
    columns = ["challengers", *[f"{pairs} pairs" for pairs in PAIRS]]
    printer.table("A/A, naive rule (promote the best mean): false promotions", columns, rows)


def better(printer: Printer) -> None:
    """Print how often a better challenger is promoted, beside theory."""
    rows = []
    for effect in (0.5, 1.0, 2.0):
        for pairs in PAIRS:
            one, four = (simulate(NOISES["normal"], pairs, 1, k, printer.repetitions, effect=effect) for k in (1, 4))
            rows.append(
                [
                    f"{effect:g}",
                    f"{pairs}",
                    f"{theory(pairs, effect):.1%}",
                    f"{one.promoted:.1%}",
                    f"{four.promoted:.1%}",
                    f"{four.scenarios:.1f}",
                    f"{one.kept:.2%}",
                    f"{one.naive:.1%}",
                ]
            )
    columns = [
        "better by (noise's sd)",
        "pairs",
        "theory (t)",
        "one look",
        "four looks",
        "scenarios used",
        "wrongly kept",
    ]
    printer.table("A/B, one better challenger, normal noise: promotions", [*columns, "naive"], rows)


def required(printer: Printer) -> None:
    """Print verdicts when an improvement by 1 is asked for."""
    rows = []
    for effect in (0.0, 0.5, 1.0, 1.5, 2.0):
        found = simulate(NOISES["normal"], 30, 1, 2, printer.repetitions, effect=effect, threshold=1.0)
        promoted = printer.checked(found.promoted) if effect <= 1 else f"{found.promoted:.1%}"
        kept = printer.checked(found.kept) if effect >= 1 else f"{found.kept:.1%}"
        rows.append([f"{effect:g}", promoted, kept, f"{1 - found.promoted - found.kept:.1%}"])
    title = "Improvement by 1 asked, 30 pairs, two looks, normal noise"
    printer.table(title, ["better by", "promote", "keep", "inconclusive"], rows)


def uneven(printer: Printer) -> None:
    """Print false promotions when only the mean is equal: no test of few values can hold these (Bahadur, Savage, 1956)."""
    rows = []
    for name, noise in UNEVEN.items():
        found = [simulate(noise, pairs, 1, 1, printer.repetitions, alike=False) for pairs in (*PAIRS, 100)]
        rows.append([name, *[f"{rates.promoted:.1%}" for rates in found]])
    title = "Not alike but equal in the mean: promotions (the limit of what few pairs can tell)"
    printer.table(title, ["differences", *[f"{pairs} pairs" for pairs in (*PAIRS, 100)]], rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    printer = Printer(2000 if parser.parse_args().quick else 20000)
    for part in (alike, naive, better, required, uneven):
        part(printer)
    printer.console.print(
        f"Highest rate that must not exceed {ALPHA:.0%}: {printer.worst:.2%} "
        f"(limit with Monte Carlo error of {printer.repetitions} repetitions: {printer.limit:.2%})."
    )
    return 1 if printer.worst > printer.limit else 0


if __name__ == "__main__":
    sys.exit(main())
