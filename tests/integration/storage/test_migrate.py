from __future__ import annotations

import json
import logging
import multiprocessing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.parameter_set import Action, Provenance
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import StoreNotMigratedError
from airflow_hpo.storage import attempts, editions, parameter_sets
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import HEAD, VERSION_TABLE, check, current, downgrade, script_config, upgrade
from airflow_hpo.storage.tables import EvaluationRow, Row
from airflow_hpo.studies.migrate import ensure

STUDY = Study(name="s", objective=Objective("loss"), space={"x": Float(0, 1)}, max_trials=9)
OURS = set(Row.metadata.tables) | {VERSION_TABLE}
SEALED = "INSERT INTO hpo_batches (edition_id, batch, size, sealed_at) VALUES (:edition, 1, 4, :at)"
ORIGIN = {"family": "s", "declaration": "{}", "created_at": "2026-10-01 00:00:00", "started_at": "2026-10-01 00:00:00"}
SECOND = {"hpo_evaluations", "hpo_comparisons", "hpo_parameter_versions", "hpo_champions", "hpo_promotions"}


def tables(database: Database) -> set[str]:
    with database.connect(read_only=True) as connection:
        return set(inspect(connection).get_table_names())


def set_revision(database: Database, revision: str) -> None:
    with database.session() as session:
        session.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))


def test_the_newest_migration_is_the_revision_that_is_asked_for():
    assert ScriptDirectory.from_config(script_config()).get_heads() == [HEAD]


def test_the_migrations_make_the_tables_that_the_code_declares(database: Database):
    with database.connect(read_only=True) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "version_table": VERSION_TABLE, "compare_server_default": True}
        )
        found = compare_metadata(context, Row.metadata)
    left = {("remove_column", "hpo_editions", name) for name in ("fingerprint", "search_fingerprint")}
    assert {(kind, table, column.name) for kind, _, table, column in found} == left


def test_the_migrations_make_the_constraints_that_the_code_declares(empty_database: Database, tmp_path: Path):
    upgrade(empty_database)
    made, declared = constraints(empty_database), Database.sqlite(tmp_path / "declared.db")
    with declared.session() as session:
        Row.metadata.create_all(session.connection())
    assert made == constraints(declared)


def constraints(database: Database) -> dict[str, object]:
    with database.connect(read_only=True) as connection:
        look = inspect(connection)
        return {
            table: (
                look.get_pk_constraint(table)["constrained_columns"],
                {unique["name"] for unique in look.get_unique_constraints(table)},
                {(key["name"], key["options"].get("ondelete")) for key in look.get_foreign_keys(table)},
                {index["name"] for index in look.get_indexes(table) if not index["unique"]},
            )
            for table in Row.metadata.tables
        }


def test_down_and_up_again_leaves_the_same_tables(database: Database):
    downgrade(database, "base")
    assert tables(database) == {VERSION_TABLE}
    upgrade(database)
    assert tables(database) == OURS
    check(database)


def test_upgrading_again_keeps_what_is_there(database: Database):
    with database.session() as session:
        editions.declare(session, STUDY, "r")
    upgrade(database)
    with database.session(read_only=True) as session:
        assert editions.get(session, "s@r").study == STUDY


def test_no_table_is_called_like_one_of_optunas_or_airflows():
    from airflow.models.base import Base  # noqa: TID251
    from optuna.storages._rdb.models import BaseModel

    theirs = set(Base.metadata.tables) | set(BaseModel.metadata.tables) | {"alembic_version"}
    assert OURS.isdisjoint(theirs)


def test_what_is_missing_is_named_with_the_remedy(empty_database: Database):
    remedies = {
        "sqlite": "does not exist.*Start a study",
        "server": f"needs revision {HEAD} .* none.*airflow hpo db migrate",
    }
    with pytest.raises(StoreNotMigratedError, match=remedies["sqlite" if empty_database.path else "server"]):
        check(empty_database)


def test_an_older_revision_is_named(database: Database):
    set_revision(database, "0000")
    with pytest.raises(StoreNotMigratedError, match="has 0000"):
        check(database)


def test_a_newer_revision_asks_for_a_newer_provider_and_is_not_touched(database: Database):
    set_revision(database, "9999")
    with pytest.raises(StoreNotMigratedError, match="Upgrade airflow-provider-hpo"):
        ensure(database)
    assert current(database) == "9999"


def test_only_sqlite_upgrades_itself(empty_database: Database):
    if empty_database.dialect == "sqlite":
        ensure(empty_database)
        check(empty_database)
        return
    with pytest.raises(StoreNotMigratedError):
        ensure(empty_database)
    assert tables(empty_database) == set()


def test_checking_does_not_create_a_file(tmp_path: Path):
    assert current(Database.sqlite(tmp_path / "hpo.db")) is None
    assert list(tmp_path.iterdir()) == []


def test_sqlite_readers_do_not_block_writers(tmp_path: Path):
    database = Database.sqlite(tmp_path / "hpo.db")
    upgrade(database)
    with database.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_migrating_leaves_logging_alone(empty_database: Database):
    before = (list(logging.root.handlers), logging.root.level, logging.getLogger("alembic").level)
    upgrade(empty_database)
    assert (list(logging.root.handlers), logging.root.level, logging.getLogger("alembic").level) == before
    assert not logging.getLogger(__name__).disabled


@pytest.mark.parametrize("start", [upgrade, ensure], ids=["upgrade", "ensure"])
def test_eight_processes_that_start_at_once_make_the_tables_once(empty_database: Database, start):
    if start is ensure and empty_database.dialect != "sqlite":
        return
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=start, args=(empty_database,)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    check(empty_database)


def test_a_role_that_may_not_create_schemas_can_upgrade_in_a_prepared_one(postgres_url: str, postgres_schema: str):
    role = f"role_{postgres_schema}"
    with Database.of(postgres_url).session() as session:
        session.execute(text(f"CREATE ROLE {role} LOGIN"))
        session.execute(text(f"CREATE SCHEMA {postgres_schema} AUTHORIZATION {role}"))
    database = Database.of(postgres_url.replace("hpo@", f"{role}@"), postgres_schema)
    upgrade(database)
    check(database)


def test_studies_of_the_first_revision_survive_the_second_and_the_way_back(empty_database: Database):
    upgrade(empty_database)
    with empty_database.session() as session:
        editions.declare(session, STUDY, "r")
    downgrade(empty_database, "0001")
    assert tables(empty_database).isdisjoint(SECOND)
    with empty_database.session() as session:
        session.execute(
            text(SEALED), {"edition": editions.row_id(session, "s@r"), "at": utc_now().replace(tzinfo=None)}
        )
    for change, revision in ((upgrade, "0002"), (downgrade, "0001"), (upgrade, "0002")):
        change(empty_database, revision)
        assert SECOND.issubset(tables(empty_database)) == (revision == "0002")
        with empty_database.session(read_only=True) as session:
            declaration = session.scalar(text("SELECT declaration FROM hpo_editions"))
            assert Study.from_dict(json.loads(declaration)) == STUDY
            assert session.scalar(text("SELECT size FROM hpo_batches WHERE batch = 1")) == 4


def test_batches_of_the_second_revision_survive_the_third_and_the_way_back(empty_database: Database):
    upgrade(empty_database)
    with empty_database.session() as session:
        editions.declare(session, STUDY, "r")
    downgrade(empty_database, "0002")
    with empty_database.session() as session:
        session.execute(
            text(SEALED), {"edition": editions.row_id(session, "s@r"), "at": utc_now().replace(tzinfo=None)}
        )
        before = session.execute(text("SELECT edition_id, batch, size, sealed_at FROM hpo_batches")).all()
    for change, revision in ((upgrade, "0003"), (downgrade, "0002"), (upgrade, "0003")):
        change(empty_database, revision)
        with empty_database.session(read_only=True) as session:
            assert session.execute(text("SELECT edition_id, batch, size, sealed_at FROM hpo_batches")).all() == before
    upgrade(empty_database)
    with empty_database.session(read_only=True) as session:
        assert editions.batch_size(session, "s@r", 1) == 4
        edition = editions.get(session, "s@r")
        assert (edition.text_values, edition.timezone, edition.data_until) == (False, "UTC", None)


def test_a_task_of_the_third_revision_that_still_runs_can_go_on(database: Database):
    old = dict(ORIGIN, name="old@r", run="r", fingerprint="f" * 16, search_fingerprint="s" * 16)
    with database.session() as session:
        editions.declare(session, STUDY, "r")
        session.execute(text(f"INSERT INTO hpo_editions ({', '.join(old)}) VALUES (:{', :'.join(old)})"), old)
        found = session.execute(
            text("SELECT name, fingerprint, search_fingerprint FROM hpo_editions ORDER BY id")
        ).all()
    assert [tuple(row) for row in found] == [("s@r", None, None), ("old@r", "f" * 16, "s" * 16)]


def test_editions_of_the_fourth_revision_survive_the_third_and_the_way_forward(empty_database: Database):
    upgrade(empty_database)
    with empty_database.session() as session:
        editions.declare(session, STUDY, "r")
        plan = {"edition_id": editions.row_id(session, "s@r"), "look": 2, "plan": "{}", "created_at": utc_now()}
        session.add(EvaluationRow(**plan))
        attempts.begin(session, "s@r", 0, TaskRun("d", "r", "trial"), backend="process")
        attempts.hear(session, "s@r", 0, 1, utc_now())
    made = constraints(empty_database)
    downgrade(empty_database, "0003")
    with empty_database.session(read_only=True) as session:
        assert session.execute(text("SELECT fingerprint, search_fingerprint FROM hpo_editions")).one() == ("", "")
        assert session.scalar(text("SELECT tuned FROM hpo_evaluations")) is None
    upgrade(empty_database)
    assert constraints(empty_database) == made
    with empty_database.session(read_only=True) as session:
        assert editions.get(session, "s@r").study == STUDY
        assert session.scalars(select(EvaluationRow.look)).one() == 2
        assert [one.heard for one in attempts.of(session, "s@r")] == [None]


def test_going_back_to_the_first_revision_loses_what_only_the_second_keeps_and_nothing_else(database: Database):
    with database.session() as session:
        editions.declare(session, STUDY, "r")
        parameter_sets.lock(session, "a")
        parameter_sets.write(session, "a", {"x": 1}, Provenance(), action=Action.SET)
        plan = {"edition_id": editions.row_id(session, "s@r"), "look": 1, "plan": "{}", "created_at": utc_now()}
        session.add(EvaluationRow(**plan))
    downgrade(database, "0001", losing=True)
    upgrade(database)
    with database.session(read_only=True) as session:
        assert editions.get(session, "s@r").study == STUDY
        assert (parameter_sets.versions_in_use(session), list(session.scalars(select(EvaluationRow)))) == ([], [])


def test_a_server_of_the_first_revision_asks_for_the_migration_and_a_file_upgrades_itself(empty_database: Database):
    upgrade(empty_database, "0001")
    if empty_database.dialect == "sqlite":
        ensure(empty_database)
        assert current(empty_database) == HEAD
        return
    with pytest.raises(StoreNotMigratedError, match=r"has 0001\. Run `airflow hpo db migrate`"):
        ensure(empty_database)
