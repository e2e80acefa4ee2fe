from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import InvalidRequestError, OperationalError

from airflow_hpo.exceptions import StoreRefusedError, StudyLockedError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.guard import refuse_other_schema
from airflow_hpo.storage.locks import study_lock
from airflow_hpo.storage.migrate import upgrade
from airflow_hpo.storage.tables import EditionRow

spawn = multiprocessing.get_context("spawn")


def _hold(database: Database, name: str, pipe: Connection) -> None:
    with study_lock(database, name):
        pipe.send("held")
        pipe.recv()


@pytest.fixture
def holder(database: Database):
    """Another process that holds study ``a``, and the end of the pipe that lets it go."""
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_hold, args=(database, "a", theirs))
    process.start()
    assert ours.recv() == "held"
    yield process, ours
    process.kill()
    process.join()


def test_a_held_study_is_refused_with_its_name_and_the_time_waited(database: Database, holder):
    with pytest.raises(StudyLockedError, match=r"'a'.*0\.1 s"), study_lock(database, "a", timeout=0.1):
        pass


def test_another_study_is_free(database: Database, holder):
    with study_lock(database, "b", timeout=0.1):
        pass


def test_a_waiting_process_goes_on_when_the_holder_lets_go(database: Database, holder):
    _, pipe = holder
    pipe.send("let go")
    with study_lock(database, "a"):
        pass


def test_a_killed_holder_holds_nothing(database: Database, holder):
    process, _ = holder
    os.kill(process.pid, signal.SIGKILL)
    with study_lock(database, "a"):
        pass


def test_an_error_in_the_block_lets_go(database: Database):
    with pytest.raises(KeyError), study_lock(database, "a"):
        raise KeyError
    with study_lock(database, "a", timeout=0.1):
        pass


def test_the_holder_may_use_the_database(database: Database):
    with study_lock(database, "a"), database.session() as session:
        assert session.connection().in_transaction()


def test_a_thread_of_the_holder_is_excluded_too(database: Database):
    with study_lock(database, "a"), ThreadPoolExecutor() as pool:
        refused = pool.submit(study_lock(database, "a", timeout=0.1).__enter__).exception()
    assert isinstance(refused, StudyLockedError)


def test_the_same_name_in_another_schema_is_another_study(postgres_url: str):
    with (
        study_lock(Database.of(postgres_url), "a"),
        study_lock(Database.of(postgres_url, "information_schema"), "a", 0.1),
    ):
        pass


BEFORE = text(
    "SELECT pg_advisory_lock("
    "hashtextextended(concat('hpo ', coalesce(CAST(:schema AS text), current_schema()), ' ', CAST(:name AS text)), 0))"
)
"""How the release before takes the lock of a study, for as long as its session."""


def test_a_worker_of_the_release_before_and_one_of_this_exclude_each_other(postgres_url: str, postgres_schema: str):
    database, given = Database.of(postgres_url, postgres_schema), {"schema": postgres_schema, "name": "a"}
    before = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with before:
        before.execute(BEFORE, given)
        with pytest.raises(StudyLockedError), study_lock(database, "a", timeout=0.1):
            pass
    with study_lock(database, "a", timeout=5), database.transaction() as other:
        other.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(BEFORE, given)


def test_a_lock_outlasts_the_time_for_which_an_administrator_lets_transactions_idle(postgres_url: str):
    with study_lock(Database.of(postgres_url), "a") as locked, locked.transaction() as connection:
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1h"
    with Database.of(postgres_url).transaction() as connection:
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "0"


def test_what_is_done_under_a_lock_is_done_as_a_whole(database: Database):
    if database.path:
        return
    row = {"name": "s@r", "family": "s", "run": "r", "declaration": "{}"}
    moments = {"created_at": datetime.now(UTC), "started_at": datetime.now(UTC)}

    def add_and_break(locked: Database) -> None:
        with locked.session() as session:
            session.add(EditionRow(**row, **moments))
        raise KeyError

    with pytest.raises(KeyError), study_lock(database, "a") as locked:
        add_and_break(locked)
    with database.session(read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(EditionRow)) == 0


def test_a_transaction_that_was_given_up_does_not_end_as_if_it_were_done(database: Database):
    if database.path:
        return

    def give_up(locked: Database) -> None:
        with contextlib.suppress(KeyError), locked.session() as session:
            session.execute(text("SELECT 1"))
            raise KeyError

    with pytest.raises(InvalidRequestError), study_lock(database, "a") as locked:
        give_up(locked)


def test_another_schema_than_the_one_that_is_named_is_refused(postgres_url: str):
    with (
        Database.of(postgres_url).transaction() as connection,
        pytest.raises(StoreRefusedError, match=r"db_schema names.*'public' is in force.*pool_mode"),
    ):
        refuse_other_schema(Database.of(postgres_url, "hpo"), connection)


def test_a_search_path_of_the_role_does_not_move_the_tables(postgres_url: str, postgres_schema: str):
    role = f"role_{postgres_schema}"
    with Database.of(postgres_url).transaction() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(text(f"ALTER ROLE {role} SET search_path TO public"))
        connection.execute(text(f"CREATE SCHEMA {postgres_schema} AUTHORIZATION {role}"))
    upgrade(Database.of(make_url(postgres_url).set(username=role), postgres_schema))
    with Database.of(postgres_url).transaction() as connection:
        assert connection.scalar(text(f"SELECT to_regclass('{postgres_schema}.hpo_editions') IS NOT NULL"))
        assert connection.scalar(text("SELECT to_regclass('public.hpo_editions')")) is None
        connection.execute(text(f"DROP OWNED BY {role} CASCADE"))
        connection.execute(text(f"DROP ROLE {role}"))


def test_a_role_that_may_not_make_the_schema_is_told_the_line_that_does(postgres_url: str, postgres_schema: str):
    role = f"role_{postgres_schema}"
    with Database.of(postgres_url).transaction() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    with pytest.raises(StoreRefusedError, match=f"CREATE SCHEMA {postgres_schema} AUTHORIZATION {role}"):
        upgrade(Database.of(make_url(postgres_url).set(username=role), postgres_schema))
    with Database.of(postgres_url).transaction() as connection:
        connection.execute(text(f"DROP ROLE {role}"))
