"""Seconds to ask for and tell a batch through this package, beside bare Optuna on the same kind of storage.

Both start as a fresh task does: nothing loaded, nothing cached. The studies hold the same finished trials.

    python -m benchmarks.search_cost [--quick] [--url URL]
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.trial import TrialState as OptunaState
from optuna.trial import create_trial
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, insert, select, text

from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialState
from airflow_hpo.optuna import tables
from airflow_hpo.optuna.distributions import distribution_of
from airflow_hpo.optuna.insert import add_running
from airflow_hpo.optuna.migrate import create_schema, optuna_storage
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.optuna.read import StudyReader
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import upgrade

BATCH = 10
SPACE = {
    **{f"x{i}": Float(0, 1) for i in range(4)},
    **{f"n{i}": Int(1, 100) for i in range(2)},
    **{f"c{i}": Categorical(["a", "b", "c"]) for i in range(2)},
}
DISTRIBUTIONS = {name: distribution_of(parameter) for name, parameter in SPACE.items()}


def declared(name: str, trials: int, sampler: str) -> Study:
    """Return the study that is measured."""
    wanted = trials + 1000
    return Study(name=name, space=SPACE, objective="loss", max_trials=wanted, parallelism=BATCH, sampler=sampler)


def filled(database: Database, edition: str, study: Study, trials: int) -> None:
    """Create a study with finished trials: one by Optuna, copied for speed."""
    studies = OptunaStudies(database)
    studies.create(edition, study)
    rng = random.Random(1)
    studies.load(edition).add_trial(
        create_trial(
            state=OptunaState.COMPLETE,
            value=1.0,
            params={name: distribution.to_external_repr(1.0) for name, distribution in DISTRIBUTIONS.items()},
            distributions=DISTRIBUTIONS,
            user_attrs={"hpo:key": "000/0", "hpo:seed": 1},
        )
    )
    with database.connect() as connection, connection.begin():
        _copy_first(connection, StudyReader(database).study(edition).id, trials - 1, rng)


def _copy_first(connection: Connection, study_id: int, copies: int, rng: random.Random) -> None:
    columns = tables.trials.c
    first = connection.execute(select(tables.trials).where(columns.study_id == study_id)).one()._asdict()
    old = first.pop("trial_id")
    highest = connection.execute(select(columns.trial_id).order_by(columns.trial_id.desc()).limit(1)).scalar_one()
    new = range(highest + 1, highest + 1 + copies)
    connection.execute(insert(tables.trials), [first | {"trial_id": t, "number": i} for i, t in enumerate(new, 1)])
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence('trials', 'trial_id'), max(trial_id)) FROM trials")
        )
    changes: dict[object, Callable[[dict[str, object], int], dict[str, object]]] = {
        tables.trial_params: lambda row, i: {"param_value": float(rng.choice((0, 1)))},
        tables.trial_values: lambda row, i: {"value": rng.random()},
        tables.trial_user_attributes: lambda row, i: {"value_json": f'"{i:03d}/0"'} if row["key"] == "hpo:key" else {},
    }
    for table, change in changes.items():
        rows = [row._asdict() for row in connection.execute(select(table).where(table.c.trial_id == old))]  # type: ignore[attr-defined,call-overload]
        for row in rows:
            row.pop(next(iter(row)))
        many = [row | {"trial_id": t} | change(row, i) for i, t in enumerate(new, 1) for row in rows]
        if many:
            connection.execute(insert(table), many)  # type: ignore[arg-type]


def ours(database: Database, edition: str, study: Study, key: str) -> tuple[float, float, float]:
    """Measure asking, telling and looking through this package."""
    begin = time.perf_counter()
    requests = OptunaStudies(database).ask(edition, study, [f"{key}/{i}" for i in range(BATCH)])
    asked = time.perf_counter()
    for request in requests:
        OptunaStudies(database).tell(edition, request.number or 0, TrialState.COMPLETE, 1.0)
    told = time.perf_counter()
    OptunaStudies(database).records(edition, details=False)
    return asked - begin, told - asked, time.perf_counter() - told


def bare(database: Database, edition: str, sampler: str) -> tuple[float, float, float]:
    """Measure the same with bare Optuna, which asks the whole batch in one process too."""
    build = {
        "tpe": lambda: optuna.samplers.TPESampler(n_startup_trials=BATCH),
        "random": lambda: optuna.samplers.RandomSampler(),
    }[sampler]
    begin = time.perf_counter()
    study = optuna.load_study(study_name=edition, storage=database.url, sampler=build())
    trials = [study.ask(DISTRIBUTIONS) for _ in range(BATCH)]
    asked = time.perf_counter()
    for trial in trials:
        study.tell(trial, 1.0)
    told = time.perf_counter()
    optuna.load_study(study_name=edition, storage=database.url).get_trials(deepcopy=False)
    return asked - begin, told - asked, time.perf_counter() - told


def written(database: Database, edition: str) -> tuple[float, float]:
    """Measure writing a batch of new trials: our statements beside Optuna's storage."""
    storage, study_id = optuna_storage(database), StudyReader(database).study(edition).id
    begin = time.perf_counter()
    with database.connect() as connection:
        for number in range(BATCH):
            with connection.begin():
                add_running(connection, study_id, _new(f"ours/{number}"))
    ours = time.perf_counter()
    for number in range(BATCH):
        storage.create_new_trial(study_id, template_trial=_new(f"bare/{number}"))
    return ours - begin, time.perf_counter() - ours


def _new(key: str) -> optuna.trial.FrozenTrial:
    params = {name: distribution.to_external_repr(1.0) for name, distribution in DISTRIBUTIONS.items()}
    attrs = {"hpo:key": key, "hpo:seed": 1}
    return create_trial(state=OptunaState.RUNNING, params=params, distributions=DISTRIBUTIONS, user_attrs=attrs)


def measured(database: Database, trials: int, sampler: str, repeats: int) -> list[tuple[float, float]]:
    """Return (ours, bare) seconds for ask, tell, look and write: medians over rounds in turn."""
    study = declared(f"s{trials}-{sampler}", trials, sampler)
    names = study.edition("ours"), study.edition("bare")
    for name in names:
        filled(database, name, study, trials)
    rounds = [(ours(database, names[0], study, f"r{i}"), bare(database, names[1], sampler)) for i in range(repeats)]
    writes = [written(database, names[1]) for _ in range(repeats)]
    return [
        *(
            (statistics.median(o[step] for o, _ in rounds), statistics.median(b[step] for _, b in rounds))
            for step in range(3)
        ),
        (statistics.median(o for o, _ in writes), statistics.median(b for _, b in writes)),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 and 1,000 trials, two rounds")
    parser.add_argument(
        "--url", help="SQLAlchemy URL of an empty database; default: an SQLite file that is thrown away"
    )
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    table = Table(
        title=f"Seconds for a batch of {BATCH} in a fresh task, 8 parameters (ratio below 1: cheaper than Optuna)"
    )
    for column in ("trials", "sampler", "call", "ours", "Optuna", "ratio"):
        table.add_column(column, justify="left" if column in ("sampler", "call") else "right")
    with tempfile.TemporaryDirectory() as folder:
        database = Database.of(options.url) if options.url else Database.sqlite(Path(folder) / "hpo.db")
        upgrade(database)
        create_schema(database)
        for trials in (100, 1000) if options.quick else (100, 1000, 10000):
            for sampler in ("random", "tpe"):
                found = measured(database, trials, sampler, 2 if options.quick else 3)
                for call, (mine, theirs) in zip(("ask", "tell", "look", "write"), found):
                    table.add_row(f"{trials:,}", sampler, call, f"{mine:.3f}", f"{theirs:.3f}", f"{mine / theirs:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
