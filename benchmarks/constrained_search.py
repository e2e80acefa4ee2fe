"""How good and how feasible a search with a constraint is: minimise (x-.8)^2 + (y-.8)^2 with x + y <= 1.

The constraint is known beforehand, between parameters, or only measured, as a metric. The best value is 0.18. Trials are asked for in
batches of 5, through the provider's own path, database included.

    python -m benchmarks.constrained_search [--quick] [--seeds N] [--trials N] [--sampler tpe ...] [--metric]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialState
from airflow_hpo.optuna.migrate import create_schema
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import upgrade

BATCH = 5


def study_of(sampler: str, trials: int, seed: int, *, measured: bool) -> Study:
    """Return the study."""
    return Study(
        name="constrained",
        space={"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)},
        objective=Objective("loss", extra_metrics=["total"]),
        constraints=[MetricConstraint("total", at_most=1.0) if measured else "x + y <= 1"],
        max_trials=trials,
        parallelism=BATCH,
        batch_size=BATCH,
        seed=seed,
        sampler=sampler,
    )


def run(sampler: str, trials: int, seed: int, measured: bool = False) -> tuple[int, float]:
    """Return how many trials were feasible, and the best value of these."""
    study = study_of(sampler, trials, seed, measured=measured)
    with tempfile.TemporaryDirectory() as folder:
        database = Database.sqlite(Path(folder) / "hpo.db")
        upgrade(database)
        create_schema(database)
        studies, scores = OptunaStudies(database), []
        studies.create("constrained@1", study)
        for batch in range(trials // BATCH):
            for request in studies.ask("constrained@1", study, [f"{batch}/{index}" for index in range(BATCH)]):
                x, y = (float(request.params[name] or 0.0) for name in ("x", "y"))
                value = (x - 0.8) ** 2 + (y - 0.8) ** 2
                scores += [value] if x + y <= 1 else []
                studies.tell("constrained@1", request.number or 0, TrialState.COMPLETE, value, {"total": x + y})
    return len(scores), min(scores)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4 seeds")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--sampler", nargs="+", default=["tpe", "random", "qmc", "nsga2"], help="gp needs torch")
    parser.add_argument("--metric", action="store_true", help="the constraint is only measured")
    options = parser.parse_args()
    seeds = range(4 if options.quick else options.seeds)
    table = Table(title=f"{options.trials} trials in batches of {BATCH}, {len(seeds)} seeds; 0.18 is the optimum")
    for column in ("sampler", "feasible, at least", "feasible, median", "best, median", "best, worst of all"):
        table.add_column(column)
    with ProcessPoolExecutor(2) as pool:
        for sampler in options.sampler:
            found = list(
                pool.map(run, *zip(*((sampler, options.trials, seed, options.metric) for seed in seeds), strict=True))
            )
            best = [value for _, value in found]
            counts = [feasible for feasible, _ in found]
            table.add_row(
                sampler,
                f"{min(counts)} of {options.trials}",
                f"{statistics.median(counts):g}",
                f"{statistics.median(best):.4f}",
                f"{max(best):.4f}",
            )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
