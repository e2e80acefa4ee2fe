"""A study with as many trials as wanted, written by a few inserts: what its tasks would leave behind after many hours."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from optuna.distributions import distribution_to_json
from sqlalchemy import Connection, insert, select, text

from airflow_hpo.core.space.space import Categorical, Float, Int, Params
from airflow_hpo.core.study import Study
from airflow_hpo.optuna import tables
from airflow_hpo.optuna.distributions import distribution_of
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage import editions
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.tables import AttemptRow, EditionRow

SPACE: dict[str, Float | Int | Categorical] = {
    **{f"x{i}": Float(0, 1) for i in range(3)},
    "lr": Float(1e-5, 1e-1, log=True),
    **{f"n{i}": Int(1, 100) for i in range(3)},
    **{f"c{i}": Categorical(["a", "b", "c"]) for i in range(2)},
}
"""Nine parameters of every kind."""
BATCH = 10
FAILS = 20
"""Of so many trials one fails."""
MINUTE = timedelta(minutes=1)


def big_study(database: Database, trials: int, *, running: int = 0, run: str = "r") -> str:
    """Write an edition with finished trials, the last ones of which may still run, with an attempt each; return its name."""
    study = Study(name="big", space=SPACE, objective="loss", max_trials=trials + 1000, parallelism=BATCH)
    name = study.edition(run)
    OptunaStudies(database).create(name, study)
    with database.session() as session:
        editions.declare(session, study, run, dag_id="tune", run_id=run, group_id="tune")
        rows = list(_trials(trials, running))
        connection = session.connection()
        _write_trials(connection, name, rows)
        edition_id = connection.scalar(select(EditionRow.id).where(EditionRow.name == name))
        connection.execute(insert(AttemptRow), [_attempt(edition_id, run, **row) for row in rows])
    return name


def _trials(trials: int, running: int) -> Iterator[dict[str, Any]]:
    rng = random.Random(1)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(trials):
        started = begin + number * MINUTE / BATCH + timedelta(microseconds=rng.randrange(10**6))
        state = "RUNNING" if number >= trials - running else "FAIL" if number % FAILS == FAILS - 1 else "COMPLETE"
        yield {
            "number": number,
            "state": state,
            "started": started,
            "finished": None if state == "RUNNING" else started + MINUTE * (0.5 + rng.random()),
            "point": _point(rng),
            "value": rng.random() if state == "COMPLETE" else None,
            "pod": f"hpo-big-{number}-{rng.randrange(36**5):05x}",
            "node": f"node-{rng.randrange(20)}",
        }


def _point(rng: random.Random) -> Params:
    floats = {name: rng.random() * one.high for name, one in SPACE.items() if isinstance(one, Float)}
    ints = {name: rng.randint(one.low, one.high) for name, one in SPACE.items() if isinstance(one, Int)}
    choices = {name: rng.choice(one.choices) for name, one in SPACE.items() if isinstance(one, Categorical)}
    return {**floats, **ints, **choices}


def _write_trials(connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
    study_id = connection.scalar(select(tables.studies.c.study_id).where(tables.studies.c.study_name == name))
    highest = connection.scalar(select(tables.trials.c.trial_id).order_by(tables.trials.c.trial_id.desc()).limit(1))
    ids = {row["number"]: (highest or 0) + 1 + row["number"] for row in rows}
    times = {"datetime_start": "started", "datetime_complete": "finished"}
    connection.execute(
        insert(tables.trials),
        [
            {"trial_id": ids[row["number"]], "study_id": study_id, "number": row["number"], "state": row["state"]}
            | {column: row[key] and row[key].replace(tzinfo=None) for column, key in times.items()}
            for row in rows
        ],
    )
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence('trials', 'trial_id'), max(trial_id)) FROM trials")
        )
    texts = {name: distribution_to_json(distribution_of(one)) for name, one in SPACE.items()}
    params = [
        {
            "trial_id": ids[row["number"]],
            "param_name": name,
            "param_value": float(_internal(name, value)),
            "distribution_json": texts[name],
        }
        for row in rows
        for name, value in row["point"].items()
    ]
    values = [
        {"trial_id": ids[row["number"]], "objective": 0, "value": row["value"], "value_type": "FINITE"}
        for row in rows
        if row["value"] is not None
    ]
    attrs = [
        {"trial_id": ids[row["number"]], "key": key, "value_json": json.dumps(value)}
        for row in rows
        for key, value in (
            ("hpo:key", _key(row["number"])),
            ("hpo:seed", row["number"]),
            ("hpo:work", "3:" + "0f" * 16),
        )
    ]
    for table, many in (
        (tables.trial_params, params),
        (tables.trial_values, values),
        (tables.trial_user_attributes, attrs),
    ):
        connection.execute(insert(table), many)


def _internal(name: str, value: Any) -> Any:
    parameter = SPACE[name]
    return parameter.choices.index(value) if isinstance(parameter, Categorical) else value


def _key(number: int) -> str:
    return f"{number // BATCH + 1:03d}/{number % BATCH}"


def _attempt(edition_id: int | None, run: str, **row: Any) -> dict[str, Any]:
    number, failed = row["number"], row["state"] == "FAIL"
    return {
        "edition_id": edition_id,
        "number": number,
        "attempt": 1,
        "dag_id": "tune",
        "run_id": run,
        "task_id": f"tune.batch_{number // BATCH + 1:03d}.trial",
        "map_index": number % BATCH,
        "try_number": 1,
        "backend": "pod",
        "place": {"pod": row["pod"], "namespace": "hpo", "node": row["node"], "image": "simulator@sha256:" + "0f" * 32},
        "started_at": row["started"],
        "finished_at": row["finished"],
        "outcome": "failed" if failed else row["state"].lower(),
        "kind": "program" if failed else None,
        "reason": "The program ended with exit code 1." if failed else None,
        "exit_code": None if row["state"] == "RUNNING" else int(failed),
        "problems": [],
        "log_tail": "epoch 1 loss 0.3\n" * 40,
        "seconds": {"scheduling": 1.5, "start": 2.0, "running": 40.0},
    }
