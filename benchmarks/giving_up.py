"""Giving trials of several simulations up after their first ones: ``python -m benchmarks.giving_up``.

Sixty trials of seven noisy days that differ in level and in how much the parameters matter. The rule was chosen on seeds 100 to
139; ``--seeds`` names those that are reported.
"""

import argparse
import random
import statistics
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import optuna
from optuna.trial import TrialState

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.pruners import pruner_for
from airflow_hpo.optuna.samplers import sampler_for

DAYS, TRIALS = 7, 60
NAMES = ("x", "y", "z")
NOISE = 0.05


def declared(seed: int, threshold: float | None) -> Study:
    """Return the study of one seed, which gives trials up at a threshold or never."""
    return Study(
        name="week",
        objective="cost",
        space={name: Float(0.0, 1.0) for name in NAMES},
        max_trials=TRIALS,
        parallelism=1,
        seed=seed,
        scenarios=[f"day {number}" for number in range(DAYS)],
        pruner="none" if threshold is None else Pruner("wilcoxon", p_threshold=threshold),
    )


def problem(seed: int) -> tuple[Callable[[list[float]], float], Callable[[list[float], int, int], float]]:
    """Return the true cost of a point above the best one, and what a day of a trial measures of it."""
    chance = random.Random(seed)
    best = [chance.uniform(0.2, 0.8) for _ in NAMES]
    levels = [chance.gauss(0.0, 1.0) for _ in range(DAYS)]
    weights = [chance.uniform(0.6, 1.4) for _ in range(DAYS)]

    def regret(point: list[float]) -> float:
        return sum((value - wanted) ** 2 for value, wanted in zip(point, best, strict=True))

    def measured(point: list[float], day: int, number: int) -> float:
        noise = random.Random(f"{seed}/{day}/{number}").gauss(0.0, NOISE)
        return levels[day] + weights[day] * regret(point) + noise

    return regret, measured


def run(seed: int, threshold: float | None, at_once: int) -> tuple[float, float]:
    """Return the regret of the best trial, and the share of the simulations that were run, so many of a trial at once."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study, (regret, measured) = declared(seed, threshold), problem(seed)
    search = optuna.create_study(pruner=pruner_for(study) or optuna.pruners.NopPruner())
    simulated = 0
    for number in range(TRIALS):
        search.sampler = sampler_for(study, f"week@{seed}", derived_seed(seed, number))
        trial = search.ask({name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in NAMES})
        point, values, given_up = [trial.params[name] for name in NAMES], list[float](), False
        while len(values) < DAYS and not given_up:
            for day in range(len(values), min(len(values) + at_once, DAYS)):
                values.append(measured(point, day, number))
                trial.report(values[-1], day)
                given_up = given_up or (len(values) < DAYS and trial.should_prune())
        simulated += len(values)
        if given_up:
            search.tell(trial, state=TrialState.PRUNED)
        else:
            search.tell(trial, statistics.fmean(values))
    return regret([search.best_params[name] for name in NAMES]), simulated / (TRIALS * DAYS)


def main() -> None:
    """Print the regret and the share of simulations of each way, and the paired difference to giving nothing up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 40), metavar=("FIRST", "END"))
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.2])
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    seeds = range(*given.seeds)[: 4 if given.quick else None]
    with ProcessPoolExecutor(2) as pool:
        whole = list(pool.map(partial(run, threshold=None, at_once=1), seeds))
        _show("nothing given up", whole, whole)
        for threshold in given.thresholds:
            for at_once in (1, 5):
                found = list(pool.map(partial(run, threshold=threshold, at_once=at_once), seeds))
                _show(f"p_threshold={threshold}, {at_once} at once", found, whole)


def _show(name: str, found: list[tuple[float, float]], whole: list[tuple[float, float]]) -> None:
    regrets, shares = zip(*found, strict=True)
    differences = [regret - other for regret, (other, _) in zip(regrets, whole, strict=True)]
    spread = statistics.stdev(differences) / len(differences) ** 0.5
    print(
        f"{name}: regret {statistics.fmean(regrets):.4f}, median {statistics.median(regrets):.4f}, difference "
        f"{statistics.fmean(differences):+.4f} ± {spread:.4f}, simulations {100 * statistics.fmean(shares):.0f} %",
        flush=True,
    )


if __name__ == "__main__":
    main()
