from __future__ import annotations

import multiprocessing
import traceback
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from airflow_hpo.exceptions import StoreNotMigratedError, StoreRefusedError, StoreUnavailableError
from airflow_hpo.storage.database import Database

INSERT = text("INSERT INTO notes (id) VALUES (:id)")
fork = multiprocessing.get_context("fork")


@pytest.fixture
def notes(database: Database) -> Database:
    with database.session() as session:
        session.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY)"))
    return database


def ids(database: Database) -> list[int]:
    with database.session(read_only=True) as session:
        return list(session.scalars(text("SELECT id FROM notes ORDER BY id")))


def test_a_block_that_ends_is_kept(notes: Database):
    with notes.session() as session:
        session.execute(INSERT, {"id": 1})
    assert ids(notes) == [1]


def test_a_block_that_raises_leaves_nothing(notes: Database):
    with pytest.raises(IntegrityError), notes.session() as session:
        session.execute(INSERT, [{"id": 1}, {"id": 2}, {"id": 2}])
    assert ids(notes) == []


def test_a_missing_table_says_how_to_create_it(empty_database: Database):
    with pytest.raises(StoreNotMigratedError, match="airflow hpo db migrate"), empty_database.session() as session:
        session.execute(text("SELECT * FROM hpo_editions"))


def test_a_statements_own_fault_stays_what_it_is(notes: Database):
    with pytest.raises(IntegrityError), notes.session() as session:
        session.execute(INSERT, [{"id": 1}, {"id": 1}])


def test_a_server_that_does_not_answer_is_named_without_its_password():
    database = Database.of("postgresql://tuner:s3cret@127.0.0.1:1/studies")
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:1/studies") as caught, database.session():
        pass
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_a_refused_login_is_told_without_the_password(postgres_url: str):
    database = Database.of(postgres_url.replace("hpo@", "nobody_we_know:s3cret@"))
    with pytest.raises(StoreRefusedError) as caught, database.session():
        pass
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_an_sqlite_file_in_no_directory_is_unavailable(tmp_path: Path):
    with pytest.raises(StoreUnavailableError), Database.sqlite(tmp_path / "no" / "hpo.db").session():
        pass


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    (tmp_path / "hpo.db").write_text("this is not a database, it is a note about one")
    with pytest.raises(StoreRefusedError), Database.sqlite(tmp_path / "hpo.db").session() as session:
        session.execute(text("SELECT * FROM hpo_editions"))


def test_sqlite_waits_for_other_writers_and_checks_references(tmp_path: Path):
    with Database.sqlite(tmp_path / "hpo.db").connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 60_000
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_a_kept_file_is_not_opened_and_tidied_up_for_every_transaction(notes: Database):
    opened = list[object]()
    event.listen(notes.kept.engine, "connect", lambda connection, _: opened.append(connection))
    for number in (1, 2):
        with notes.kept.session() as session:
            session.execute(INSERT, {"id": number})
    if notes.path is None:
        assert len(opened) == 2
        return
    assert len(opened) == 1
    assert notes.path.with_name(notes.path.name + "-wal").stat().st_size > 0
    notes.kept.engine.dispose()


def test_a_kept_file_is_free_for_other_writers_between_two_transactions(notes: Database):
    with notes.kept.session() as session:
        session.execute(INSERT, {"id": 1})
    with notes.session() as session:
        session.execute(INSERT, {"id": 2})
    with notes.kept.session(read_only=True) as session:
        assert session.execute(text("SELECT count(*) FROM notes")).scalar_one() == 2
    notes.kept.engine.dispose()


def _add(database: Database, first: int) -> None:
    for number in range(first, first + 25):
        with database.session() as session:
            count = session.execute(text("SELECT count(*) FROM notes")).scalar_one()
            session.execute(INSERT, {"id": 1000 * number + count})


def test_processes_that_read_and_then_write_do_not_lock_each_other_out(notes: Database):
    writers = [fork.Process(target=_add, args=(notes, first)) for first in (100, 200, 300, 400)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    assert len(ids(notes)) == 100


def test_a_forked_child_works_while_its_parent_is_in_the_middle_of_a_session(notes: Database):
    with notes.session(read_only=True) as session:
        session.execute(text("SELECT * FROM notes"))
        child = fork.Process(target=_add, args=(notes, 1))
        child.start()
        child.join()
        session.execute(text("SELECT * FROM notes"))
    assert child.exitcode == 0
    assert len(ids(notes)) == 25


def test_a_read_only_session_does_not_wait_for_a_writer(notes: Database):
    with notes.session() as session:
        session.execute(INSERT, {"id": 1})
        assert ids(notes) == []


def test_postgresql_refuses_changes_in_a_read_only_session(postgres_url: str):
    database = Database.of(postgres_url)
    with pytest.raises(Exception, match="read-only"), database.session(read_only=True) as session:
        session.execute(text("CREATE TABLE x (y INTEGER)"))
