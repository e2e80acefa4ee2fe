"""Processor seconds and bytes of what pages ask for of a large study, beside ``optuna.load_study(...).trials``.

The web server of Airflow answers the heartbeats of tasks too, so it is its processor that counts, and not how long a person waits.

    python -m benchmarks.pages_cost [--trials N] [--url URL]
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import optuna
from rich.console import Console
from rich.table import Table

from airflow_hpo.pages.attempts import attempts_of
from airflow_hpo.pages.columns import columns_of, version_of
from airflow_hpo.pages.edition import numbered
from airflow_hpo.pages.failures import failures_of
from airflow_hpo.pages.models.answer import Answer
from airflow_hpo.pages.trial import trial_of
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.migrate import upgrade
from airflow_hpo.studies.store import Store
from benchmarks.big_study import BATCH, SPACE, big_study

ROUNDS = 5
LEVEL = 4
"""How much ``plugin/routes/trials.py`` compresses."""


def measured(step: Callable[[], bytes], rounds: int = ROUNDS) -> tuple[float, int]:
    """Return the processor seconds of the cheapest of some rounds, and the bytes of its answer as they are sent."""
    step()
    found = []
    for _ in range(rounds):
        begin = time.process_time()
        sent = gzip.compress(step(), LEVEL)
        found.append((time.process_time() - begin, len(sent)))
    return min(found)


def written(answer: Answer) -> bytes:
    """Return an answer as its route writes it."""
    return answer.model_dump_json().encode()


def all_trials(database: Database, name: str) -> bytes:
    """Read all trials as a program with Optuna does; nothing is written."""
    optuna.load_study(study_name=name, storage=database.url).trials  # noqa: B018 - reading them is what is measured
    return b""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--url", help="an empty database on a server (default: an SQLite file)")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        database = Database.of(options.url) if options.url else Database.sqlite(Path(folder) / "hpo.db")
        upgrade(database)
        name = big_study(database, options.trials, running=BATCH)
        store = Store(database.pooled)
        edition = store.edition(name)
        last = options.trials - BATCH
        steps = {
            "all trials": lambda: written(columns_of(store, edition)),
            f"the {BATCH} that run": lambda: written(columns_of(store, edition, last)),
            "nothing new": lambda: version_of(store, edition, last).encode(),
            "one trial": lambda: written(trial_of(store, store.read(numbered, 1), last - 1)),
            "all attempts": lambda: written(attempts_of(store, edition)),
            "failures": lambda: written(failures_of(store, edition)),
        }
        table = Table(title=f"{options.trials:,} trials of {len(SPACE)} parameters, {database.dialect}")
        for column in ("asked for", "CPU s", "bytes"):
            table.add_column(column, justify="left" if column == "asked for" else "right")
        for asked, step in steps.items():
            seconds, sent = measured(step)
            table.add_row(asked, f"{seconds:.4f}", f"{sent:,}")
        seconds, _ = measured(lambda: all_trials(database, name), 1)
        table.add_row("optuna.load_study(...).trials", f"{seconds:.2f}", "")
    Console().print(table)


if __name__ == "__main__":
    main()
