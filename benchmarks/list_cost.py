"""Processor seconds of a list of studies and of one study's header, as the pages ask for them, without a summary of each edition.

python -m benchmarks.list_cost [--editions N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import optuna
from rich.console import Console
from rich.table import Table
from sqlalchemy import update

from airflow_hpo.pages.edition import numbered
from airflow_hpo.pages.models.answer import Answer
from airflow_hpo.pages.models.studies import MayStudy
from airflow_hpo.pages.studies import list_studies
from airflow_hpo.pages.study import study_page
from airflow_hpo.pages.study_filter import StudyFilter
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.tables import EditionRow
from airflow_hpo.studies.migrate import upgrade
from airflow_hpo.studies.store import Store
from benchmarks.big_study import big_study

SMALL, LARGE = 30, 10_000
"""Trials of most editions, and of one."""
GOES_ON = 10
"""Of so many editions one has not ended."""
PART = 50
ROUNDS = 5


def measured(step: Callable[[], Answer]) -> float:
    """Return the processor seconds of the cheapest of some rounds, the answer written as JSON."""
    step()
    found = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        step().model_dump_json()
        found.append(time.process_time() - begin)
    return min(found)


def make(database: Database, editions: int) -> None:
    """Write editions that have ended or go on, the newest one large."""
    for number in range(editions):
        big_study(database, SMALL, running=0 if number % GOES_ON else 5, run=f"run {number:04d}")
    ended = EditionRow.id % GOES_ON != 1
    values = {"finished_at": EditionRow.created_at, "end": "max_trials", "best_number": 3, "best_value": 0.5}
    with database.session() as session:
        session.execute(update(EditionRow).where(ended).values(values))
    big_study(database, LARGE, running=5, run="large")


def read_all(dag_ids: Iterable[str | None]) -> set[str | None]:
    """Let every DAG be read."""
    return set(dag_ids)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--editions", type=int, default=300)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        database = Database.sqlite(Path(folder) / "hpo.db")
        upgrade(database)
        make(database, options.editions)
        store = Store(database.pooled)
        newest = options.editions + 1

        def part(before: int) -> Answer:
            return list_studies(
                store, StudyFilter(), read_all, lambda runs: {}, limit=PART, before=before, counted=True
            )

        page, may = store.read(numbered, newest), MayStudy(steer=True, clear=True)
        table = Table(title=f"{options.editions:,} editions of {SMALL} trials and one of {LARGE:,}, SQLite")
        table.add_column("asked for")
        table.add_column("CPU s", justify="right")
        steps: dict[str, Callable[[], Answer]] = {
            f"{PART} editions": lambda: part(newest),
            f"{PART} editions, with the large one": lambda: part(newest + 1),
            "the large one's header": lambda: study_page(store, page, lambda runs: {}, may),
        }
        for asked, step in steps.items():
            table.add_row(asked, f"{measured(step):.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
