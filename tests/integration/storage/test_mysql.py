"""What only MySQL does: its users, its read-only transactions, its deadlocks, its character sets."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from airflow_hpo.exceptions import StoreRefusedError, StoreUnavailableError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import upgrade
from tests.databases import LentDatabase
from tests.lent_mariadb import LentMariaDb


def run(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement))


@pytest.fixture
def notes(mariadb_database: Database) -> Database:
    run(mariadb_database, "CREATE TABLE notes (id INTEGER PRIMARY KEY, said VARCHAR(5))")
    run(mariadb_database, "INSERT INTO notes VALUES (1, 'a'), (2, 'b')")
    return mariadb_database


@pytest.fixture
def onlooker(notes: Database) -> Iterator[Database]:
    """The database as a user sees it who may not write."""
    run(
        notes,
        "CREATE USER onlooker@'127.0.0.1'",
        f"GRANT SELECT ON {notes.location.database}.* TO onlooker@'127.0.0.1'",
    )
    yield Database.of(notes.location.set(username="onlooker"))
    run(notes, "DROP USER onlooker@'127.0.0.1'")


@pytest.mark.parametrize(
    "parts", [{"username": "stranger", "password": "s3cret"}, {"database": "missing"}], ids=["user", "database"]
)
def test_a_refused_login_is_told_at_once_and_for_good(notes: Database, parts: dict[str, str]) -> None:
    stranger = Database.of(notes.location.set(**parts))
    with pytest.raises(StoreRefusedError, match=r"let this user in.*Correct login, password and database") as caught:
        run(stranger, "SELECT 1")
    assert "s3cret" not in str(caught.value)


def test_a_user_that_may_not_write_is_told_so(onlooker: Database) -> None:
    with pytest.raises(StoreUnavailableError, match=r"must take changes.*denied.*Make it writable"):
        run(onlooker, "DELETE FROM notes")


def test_a_server_that_an_administrator_made_read_only_is_named_as_such(onlooker: Database, notes: Database) -> None:
    run(notes, f"GRANT ALL ON {notes.location.database}.* TO onlooker@'127.0.0.1'", "SET GLOBAL read_only = 1")
    try:
        with pytest.raises(StoreUnavailableError, match=r"must take changes.*read-only.*Make it writable"):
            run(onlooker, "DELETE FROM notes")
    finally:
        run(notes, "SET GLOBAL read_only = 0")


def test_a_read_only_session_takes_no_changes_and_the_next_one_does(notes: Database) -> None:
    with pytest.raises(StoreUnavailableError, match="READ ONLY"), notes.session(read_only=True) as session:
        session.execute(text("DELETE FROM notes"))
    run(notes, "DELETE FROM notes")


def test_of_two_that_wait_for_each_other_one_is_told_to_try_again(notes: Database) -> None:
    take = text("UPDATE notes SET said = 'x' WHERE id = :id")
    with ThreadPoolExecutor() as pool, notes.connect() as first, notes.connect() as second:
        first.execute(take, {"id": 1})
        second.execute(take, {"id": 2})
        waiting = pool.submit(first.execute, take, {"id": 2})
        errors = [
            each for each in (_error(lambda: second.execute(take, {"id": 1}), second), waiting.exception()) if each
        ]
        first.rollback()
    assert [type(error).__name__ for error in errors] == ["OperationalError"]
    with pytest.raises(StoreUnavailableError, match=r"be free to write to.*Deadlock"), notes.session():
        raise errors[0]


def _error(call, connection):
    try:
        call()
    except Exception as err:  # noqa: BLE001 - which of both gets it is the server's choice
        return err
    finally:
        connection.rollback()
    return None


def test_a_connection_that_the_server_ended_is_unavailable(notes: Database) -> None:
    with notes.connect() as cut:
        run(notes, f"KILL {cut.scalar(text('SELECT connection_id()'))}")
        with pytest.raises(StoreUnavailableError, match="must answer"):
            cut.execute(text("SELECT 1"))


def test_a_value_that_is_too_long_is_refused_and_not_cut_by_a_server_that_is_not_strict(notes: Database) -> None:
    run(notes, "SET GLOBAL sql_mode = ''")
    try:
        with pytest.raises(Exception, match="too long"):
            run(notes, "UPDATE notes SET said = '123456'")
    finally:
        run(notes, "SET GLOBAL sql_mode = DEFAULT")


def test_every_character_comes_back(notes: Database) -> None:
    with notes.session() as session:
        session.execute(text("UPDATE notes SET said = :said WHERE id = 1"), {"said": "ä東🎯"})
        assert session.scalar(text("SELECT said FROM notes WHERE id = 1")) == "ä東🎯"


@pytest.mark.parametrize("collation", ["latin1_swedish_ci", "utf8mb4_general_ci"])
def test_a_database_that_would_confuse_names_is_refused_before_anything_is_created(
    mariadb_database: Database, collation: str
) -> None:
    run(mariadb_database, f"ALTER DATABASE {mariadb_database.location.database} COLLATE {collation}")
    with pytest.raises(StoreRefusedError, match=rf"{collation}.*ALTER DATABASE test_\w+ CHARACTER SET utf8mb4"):
        upgrade(mariadb_database)
    run(mariadb_database, "CREATE TABLE alone (id INTEGER)", "DROP TABLE alone")


def make_tables(database: Database) -> None:
    run(database, "CREATE TABLE studies (id INTEGER AUTO_INCREMENT PRIMARY KEY, name VARCHAR(9))")
    run(database, "CREATE TABLE version (number INTEGER)", "INSERT INTO version VALUES (2)")


@pytest.fixture
def lent(mariadb_url: str) -> LentDatabase:
    return LentMariaDb(mariadb_url, "lent", make_tables)


@pytest.mark.parametrize(
    "change",
    ["SELECT 1", "UPDATE version SET number = 3", "ALTER TABLE studies ADD COLUMN x INTEGER", "DROP TABLE studies"],
)
def test_a_database_is_lent_without_rows_and_counts_from_one(lent: LentDatabase, change: str) -> None:
    run(lent.lend(), "INSERT INTO studies (name) VALUES ('a'), ('b')", change)
    lent.take_back()
    with lent.lend().session() as session:
        assert session.scalar(text("SELECT count(*) FROM studies")) == 0
        assert session.scalar(text("INSERT INTO studies (name) VALUES ('c') RETURNING id")) == 1
        assert session.execute(text("SELECT * FROM version")).all() == [(2,)]


def test_a_server_without_encryption_is_not_reached_in_plain_text_when_it_was_asked_for(notes: Database) -> None:
    encrypted = Database.of(notes.location.update_query_dict({"ssl_mode": "REQUIRED"}))
    with pytest.raises(StoreRefusedError, match="did not encrypt"):
        run(encrypted, "SELECT 1")
