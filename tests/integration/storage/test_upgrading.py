"""Databases of earlier and later versions: what they hold survives, and who may not touch them does not."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import optuna
import pytest
from sqlalchemy import MetaData, inspect, select, text

from airflow_hpo.core.parameter_set import Action, Provenance
from airflow_hpo.core.trial import AttemptOutcome, Origin, TrialState
from airflow_hpo.exceptions import StoreNotMigratedError, StoreRefusedError
from airflow_hpo.optuna.migrate import create_schema
from airflow_hpo.storage import attempts, metric_series, migrate, parameter_sets
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import VERSION_TABLE
from airflow_hpo.studies import migrate as schema
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import Tuned, declared

OLDER = Path(__file__).parent / "older"
RUN = "2026-10-01"
STUDY = declared(max_trials=8, max_failures=4, sampler={"name": "tpe", "options": {"n_startup_trials": 2}})
EDITION = STUDY.edition(RUN)
OPTUNA_HEAD, OPTUNA_BEFORE = "v3.2.0.a", "v3.0.0.d"


@pytest.fixture
def older(empty_database: Database) -> Database:
    """A database of revision 0001 with a study in the middle, as that version's code wrote it."""
    migrate.upgrade(empty_database, "0001")
    create_schema(empty_database)
    rows = (OLDER / "study_of_0001.sql").read_text()
    run(empty_database, *(statement for statement in rows.split(";\n") if statement.strip()))
    if empty_database.dialect == "postgresql":
        go_on_counting(empty_database)
    return empty_database


def run(database: Database, *statements: str) -> None:
    with database.connect() as connection, connection.begin():
        if database.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL timezone = 'UTC'")
        if database.dialect == "mysql":
            connection.exec_driver_sql("SET SESSION sql_mode = concat(@@sql_mode, ',ANSI_QUOTES,NO_BACKSLASH_ESCAPES')")
        for statement in statements:
            connection.exec_driver_sql(statement)


def go_on_counting(database: Database) -> None:
    """Rows that bring their own ids leave PostgreSQL's counters where they are."""
    serial = text("SELECT table_name, column_name FROM information_schema.columns WHERE column_default LIKE 'nextval%'")
    with database.connect() as connection, connection.begin():
        for name, column in connection.execute(serial).all():
            newest = f"SELECT coalesce(max({column}), 0) + 1 FROM {name}"
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), ({newest}), false)"))


def everything(database: Database, *left_out: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    found = MetaData()
    with database.connect(read_only=True) as connection:
        found.reflect(connection)
        tables = [table for table in found.sorted_tables if table.name not in left_out]
        return {t.name: sorted(map(tuple, connection.execute(select(t))), key=repr) for t in tables}


def tables(database: Database) -> set[str]:
    with database.connect(read_only=True) as connection:
        return set(inspect(connection).get_table_names())


def made_by_an_older_optuna(database: Database) -> None:
    """Make Optuna's tables what Optuna 3.1 made: without the index that its last migration adds."""
    # MySQL makes an index of its own for a foreign key that has none.
    drop = {"mysql": ["CREATE INDEX study_id ON trials (study_id)", "DROP INDEX ix_trials_study_id ON trials"]}
    run(
        database,
        *drop.get(database.dialect, ["DROP INDEX ix_trials_study_id"]),
        f"UPDATE alembic_version SET version_num = '{OPTUNA_BEFORE}'",
        "UPDATE version_info SET library_version = '3.1.0'",
    )


def made_by_a_newer_optuna(database: Database) -> None:
    run(
        database,
        "UPDATE alembic_version SET version_num = 'v9.0.0.a'",
        "UPDATE version_info SET library_version = '9.0.0'",
    )


def test_every_row_survives_the_way_forward_and_back_and_forward_again(older: Database) -> None:
    before = everything(older, VERSION_TABLE)
    assert {name: len(rows) for name, rows in before.items() if name.startswith("hpo_")} == {
        "hpo_attempts": 5,
        "hpo_batches": 2,
        "hpo_editions": 1,
        "hpo_metrics": 4,
    }
    migrate.upgrade(older, "0002")
    new = tables(older) - set(before) - {VERSION_TABLE}
    assert everything(older, VERSION_TABLE, *new) == before
    migrate.downgrade(older, "0001")
    assert everything(older, VERSION_TABLE) == before
    migrate.upgrade(older, "0002")
    assert everything(older, VERSION_TABLE, *new) == before


def test_what_the_older_code_wrote_reads_as_it_was_meant(older: Database) -> None:
    schema.upgrade(older)
    tuned = Tuned(Store(older), STUDY, RUN)
    assert tuned.states() == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, *[TrialState.RUNNING] * 4]
    assert [record.key for record in tuned.records()] == ["001/0", "001/1", "001/2", "001/3", "002/0", "002/1", "002/2"]
    outcomes = [(a.number, a.attempt, a.outcome.value, a.reason) for a in tuned.attempts()]
    assert outcomes[2:] == [(2, 1, "failed", "It broke."), (3, 1, "failed", "It broke."), (3, 2, "running", None)]
    with tuned.store.session() as session:
        assert [(m.step, m.value) for m in metric_series.series(session, EDITION, 1)][:2] == [(0, 2.0), (1, 1.5)]


def test_a_study_that_the_older_code_began_goes_on_to_its_end(older: Database) -> None:
    schema.upgrade(older)
    tuned = Tuned(Store(older), STUDY, RUN)
    first, second = tuned.suggest(1), tuned.suggest(2)
    assert ([r.number for r in first], [r.number for r in second]) == ([0, 1, 2, 3], [4, 5, 6])
    assert tuned.claim(first[0]).answered
    tuned.complete(first[2], 0.4, try_number=2)  # what failed runs again when it is cleared
    tuned.complete(first[3], 0.3, try_number=3)  # what an earlier try had begun is taken up
    batch = 3
    while not status(tuned.store, EDITION).verdict.over:
        for request in [*second, *tuned.suggest(batch)]:
            if not tuned.claim(request).answered:
                tuned.complete(request, 0.5)
        batch += 1
    summary = finish(tuned.store, status(tuned.store, EDITION))
    assert (summary.data["end"], summary.data["complete"] + summary.data["pruned"]) == ("max_trials", 8)
    assert (summary.data["number"], summary.data["value"]) == (3, 0.3)
    check_whole(tuned)


def check_whole(tuned: Tuned) -> None:
    records = tuned.records()
    assert max(Counter(record.key for record in records).values()) == 1
    assert all(record.state.finished for record in records)
    [rerun] = [record for record in records if record.origin is Origin.RERUN]
    assert (rerun.replaces, rerun.key, rerun.state) == (2, "001/2#2", TrialState.COMPLETE)
    with tuned.store.session() as session:
        assert attempts.running(session, tuned.name) == []
        ended = Counter(a.number for a in attempts.of(session, tuned.name) if a.outcome is AttemptOutcome.COMPLETE)
    assert ended == {record.number: 1 for record in records if record.state is TrialState.COMPLETE}


def test_a_file_that_the_older_code_made_is_upgraded_by_the_first_task_and_a_server_says_what_to_run(
    older: Database,
) -> None:
    if older.path:
        schema.ensure(older)
        assert Tuned(Store(older), STUDY, RUN).states()[0] is TrialState.COMPLETE
        return
    for look in (schema.ensure, schema.check):
        with pytest.raises(StoreNotMigratedError, match=r"has 0001\. Run `airflow hpo db migrate`"):
            look(older)


@pytest.fixture
def kept(database: Database) -> Database:
    """A database that keeps a champion."""
    with database.session() as session:
        parameter_sets.lock(session, "dispatch/tokyo")
        parameter_sets.write(session, "dispatch/tokyo", {"x": 1}, Provenance(), action=Action.SET)
    return database


@pytest.mark.parametrize("target", ["0001", "base"])
def test_going_back_is_refused_while_it_would_lose_a_champion(kept: Database, target: str) -> None:
    before = everything(kept)
    with pytest.raises(StoreRefusedError, match=r"1 rows in hpo_champions, 1 rows in hpo_parameter_versions"):
        migrate.downgrade(kept, target)
    assert everything(kept) == before


def test_going_back_loses_a_champion_when_somebody_says_so(kept: Database) -> None:
    migrate.downgrade(kept, "0001", losing=True)
    assert migrate.current(kept) == "0001"
    assert "hpo_champions" not in tables(kept)


def test_tables_of_a_later_version_are_left_alone_by_everybody(database: Database) -> None:
    create_schema(database)
    run(database, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    before = everything(database)
    for touch in (schema.ensure, schema.check, schema.upgrade, lambda found: migrate.downgrade(found, "base")):
        with pytest.raises(StoreNotMigratedError, match=r"has 9999\. Upgrade airflow-provider-hpo"):
            touch(database)
    assert everything(database) == before


def test_tables_of_a_later_optuna_are_left_alone_and_ours_with_them(older: Database) -> None:
    made_by_a_newer_optuna(older)
    before = everything(older)
    with pytest.raises(StoreNotMigratedError, match=rf"Optuna {optuna.__version__} does not know .* v9\.0\.0\.a"):
        schema.upgrade(older)
    assert everything(older) == before


def test_every_task_refuses_tables_of_a_later_optuna(database: Database) -> None:
    create_schema(database)
    made_by_a_newer_optuna(database)
    with pytest.raises(StoreNotMigratedError, match=r"which Optuna 9\.0\.0 made.*Install that version"):
        schema.ensure(database)


def test_tables_of_an_older_optuna_are_upgraded_by_the_same_command(older: Database) -> None:
    migrate.upgrade(older)
    made_by_an_older_optuna(older)
    assert "trials_study_id_key" not in indexes(older)
    # Our own third revision gives batches a column.
    before = everything(older, VERSION_TABLE, "alembic_version", "version_info", "hpo_batches")
    schema.upgrade(older)
    schema.check(older)
    assert "trials_study_id_key" in indexes(older)
    after = everything(older, VERSION_TABLE)
    assert {name: after[name] for name in before} == before
    assert (after["alembic_version"], after["version_info"][0][2]) == ([(OPTUNA_HEAD,)], optuna.__version__)


def indexes(database: Database) -> set[str]:
    with database.connect(read_only=True) as connection:
        return {str(index["name"]) for index in inspect(connection).get_indexes("trials")}


def test_a_server_with_an_older_optunas_tables_says_what_to_run_and_a_file_is_upgraded(database: Database) -> None:
    create_schema(database)
    made_by_an_older_optuna(database)
    if database.path:
        schema.ensure(database)
        assert "trials_study_id_key" in indexes(database)
        return
    with pytest.raises(
        StoreNotMigratedError, match=r"v3\.0\.0\.d, made by Optuna 3\.1\.0\. Run `airflow hpo db migrate`"
    ):
        schema.ensure(database)


def test_another_optuna_with_the_same_tables_is_nothing_to_complain_about(database: Database) -> None:
    create_schema(database)
    run(database, "UPDATE version_info SET library_version = '4.1.0'")
    schema.ensure(database)
    schema.check(database)


def test_a_server_without_optunas_tables_says_what_to_run(database: Database) -> None:
    if database.path:
        return
    with pytest.raises(StoreNotMigratedError, match=r"Optuna's tables.*Run `airflow hpo db migrate`"):
        schema.ensure(database)


def test_upgrading_optunas_tables_leaves_logging_alone(database: Database) -> None:
    create_schema(database)
    made_by_an_older_optuna(database)
    handlers = logging.root.handlers[:]
    logging.root.handlers.clear()
    try:
        create_schema(database)
        assert logging.root.handlers == []
    finally:
        logging.root.handlers[:] = handlers
    assert not logging.getLogger(__name__).disabled
