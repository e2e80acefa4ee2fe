"""How good the best of 100 trials is: through the provider's own path, beside Optuna, random search and Hyperopt.

Regret is the distance from the best score of a problem, in units of the distance between the best and the median one.
All adaptive rows are TPE. "batches of n": n trials are asked for, all are told, then the next n.

    python -m benchmarks.search_quality [--quick] [--seeds N] [--hyperopt PYTHON]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from rich.console import Console
from rich.table import Table

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.space.space import Categorical, Float, Int, Space
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialState
from airflow_hpo.optuna.distributions import suggest
from airflow_hpo.optuna.migrate import create_schema
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import upgrade
from benchmarks.problems import Axis, Problem, problems

Method = Callable[[Problem, int, int], float]
"""Takes a problem, a number of trials and a seed; returns the regret."""


def parameter(axis: Axis, when: Mapping[str, Any]) -> Float | Int | Categorical:
    """Return the parameter as a study declares it."""
    condition = {"when": dict(when)} if when else {}
    if axis.scale == "index":
        return Int(0, len(axis.values) - 1, **condition)
    if axis.continuous:
        return Float(float(axis.values[0]), float(axis.values[-1]), log=axis.scale == "log", **condition)
    return Categorical(list(axis.values), **condition)


def space_of(problem: Problem) -> Space:
    """Return the problem's space as a study declares it."""
    space: Space = {"model": Categorical(list(problem.branches))} if problem.conditional else {}
    for model, branch in problem.branches.items():
        when = {"model": model} if problem.conditional else {}
        space |= {name: parameter(axis, when) for name, axis in branch.axes.items()}
    return space


def provider(batch: int, options: Mapping[str, Any], problem: Problem, trials: int, seed: int) -> float:
    """Run a study through this package, database included."""
    study = Study(
        name="quality",
        space=space_of(problem),
        objective="loss",
        max_trials=trials,
        parallelism=batch,
        batch_size=batch,
        seed=seed,
        sampler=Sampler("tpe", **options),
    )
    with tempfile.TemporaryDirectory() as folder:
        database = Database.sqlite(Path(folder) / "hpo.db")
        upgrade(database)
        create_schema(database)
        studies, scores = OptunaStudies(database), []
        studies.create("quality@1", study)
        for number in range(trials // batch):
            for request in studies.ask("quality@1", study, [f"{number}/{index}" for index in range(batch)]):
                scores.append(problem(request.params))
                studies.tell("quality@1", request.number or 0, TrialState.COMPLETE, scores[-1])
    return problem.regret(min(scores))


def bare(sampler: type[optuna.samplers.BaseSampler], problem: Problem, trials: int, seed: int) -> float:
    """Run a study in Optuna alone, one trial after the other."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study, space, scores = optuna.create_study(sampler=sampler(seed=seed)), space_of(problem), []
    for _ in range(trials):
        trial = study.ask()
        scores.append(problem(suggest(trial, space)))
        study.tell(trial, scores[-1])
    return problem.regret(min(scores))


METHODS: dict[str, Method] = {
    "provider, batches of 5": partial(provider, 5, {}),
    "provider, batches of 10": partial(provider, 10, {}),
    "Optuna, one by one": partial(bare, optuna.samplers.TPESampler),
    "random": partial(bare, optuna.samplers.RandomSampler),
}


def hyperopt(python: str, trials: int, seeds: range) -> dict[str, list[float]]:
    """Run Hyperopt in its own environment."""
    command = [
        python,
        "-W",
        "ignore",
        "-m",
        "benchmarks.hyperopt_runner",
        str(trials),
        str(seeds.start),
        str(len(seeds)),
    ]
    found: dict[str, list[float]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4 seeds")
    parser.add_argument("--seeds", type=int, default=20)
    # Far from the seeds by which defaults were chosen.
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--hyperopt", metavar="PYTHON", help="interpreter that has hyperopt")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + (4 if options.quick else options.seeds))
    known = problems()
    rows: dict[str, dict[str, list[float]]] = {}
    with ProcessPoolExecutor(2) as pool:
        for name, method in METHODS.items():
            rows[name] = {
                p.name: list(pool.map(method, [p] * len(seeds), [options.trials] * len(seeds), seeds)) for p in known
            }
    if options.hyperopt:
        rows["Hyperopt, one by one"] = hyperopt(options.hyperopt, options.trials, seeds)
    Console(width=160).print(_table(rows, options.trials, len(seeds)))


def _table(rows: Mapping[str, Mapping[str, list[float]]], trials: int, seeds: int) -> Table:
    table = Table(
        title=f"Mean regret after {trials} trials, {seeds} seeds (± standard error); 0 is best, 1 is the median"
    )
    table.add_column("")
    for problem in next(iter(rows.values())):
        table.add_column(problem, justify="right")
    table.add_column("all", justify="right")
    for name, regrets in rows.items():
        means = [sum(values) / len(values) for values in zip(*regrets.values())]
        table.add_row(name, *(_mean(values) for values in [*regrets.values(), means]))
    return table


def _mean(values: list[float]) -> str:
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{statistics.mean(values):.4f} ± {error:.4f}"


if __name__ == "__main__":
    main()
