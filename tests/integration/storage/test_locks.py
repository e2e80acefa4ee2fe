from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import pytest

from airflow_hpo.exceptions import StudyLockedError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.locks import study_lock

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
