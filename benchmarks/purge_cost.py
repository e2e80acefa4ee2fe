"""Seconds to delete a study by a purge, archive included, beside ``optuna.delete_study`` on the same kind of storage.

python -m benchmarks.purge_cost [--trials N] [--url URL]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import optuna
from rich.console import Console

from airflow_hpo.core.budget import End
from airflow_hpo.retention.plan import Planner, Rule
from airflow_hpo.retention.purge import purge_editions
from airflow_hpo.storage import editions
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.migrate import upgrade
from airflow_hpo.studies.store import Store
from benchmarks.search_cost import declared, filled


def ours(store: Store, folder: Path, trials: int) -> tuple[float, float]:
    """Return the seconds of a purge, and the longest of its transactions that follow each other."""
    name = f"ours@{time.time_ns()}"
    study = declared("ours", trials, "random")
    filled(store.database, name, study, trials)
    with store.session() as session:
        editions.declare(session, study, name.partition("@")[2])
        editions.finish(session, name, End.MAX_TRIALS, "It is full.")
    planner = Planner(store, Rule(timedelta(0), names=[name]), lambda _: "success")
    begin, steps = time.perf_counter(), list[float]()
    planned = list(planner.plans())
    done = list(purge_editions(store, planner, planned, folder, "bench", lambda *_: steps.append(time.perf_counter())))
    assert [each.deleted for each in done] == [trials]
    return time.perf_counter() - begin, max((b - a for a, b in pairwise(steps)), default=0.0)


def bare(store: Store, trials: int) -> float:
    """Return the seconds of ``optuna.delete_study``."""
    name = f"bare@{time.time_ns()}"
    filled(store.database, name, declared("bare", trials, "random"), trials)
    begin = time.perf_counter()
    optuna.delete_study(study_name=name, storage=store.database.url)
    return time.perf_counter() - begin


def main() -> None:
    """Measure both and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2_000)
    parser.add_argument("--url", help="an empty database on a server (default: an SQLite file)")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        database = Database.of(args.url) if args.url else Database.sqlite(Path(folder) / "hpo.db")
        upgrade(database)
        store = Store(database)
        purge, longest = ours(store, Path(folder) / "archive", args.trials)
        theirs = bare(store, args.trials)
    Console().print(
        f"{database.dialect}, {args.trials} trials: purge with archive {purge:.1f} s (longest piece {longest:.2f} s), "
        f"optuna.delete_study {theirs:.1f} s, ratio {purge / theirs:.2f}"
    )


if __name__ == "__main__":
    main()
