"""Tables of another revision while a rolling upgrade runs: who works waits for a while, who asks is told at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from sqlalchemy import text

from airflow_hpo.exceptions import StoreNotMigratedError, StoreRevisionError
from airflow_hpo.sensors.study import StudySensor
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import HEAD, VERSION_TABLE
from airflow_hpo.studies.store import Store, open_store
from airflow_hpo.triggers.pod_result import study_store
from airflow_hpo.triggers.study import StudyTrigger
from tests.integration.trial_tasks import Tuned, declared

OPTUNA_HEAD = "v3.2.0.a"
WAITS = "The tables have revision {}, this version needs {}: waiting up to {:g} s for the upgrade."


def set_revision(database: Database, revision: str, table: str = VERSION_TABLE) -> None:
    with database.session() as session:
        session.execute(text(f"UPDATE {table} SET version_num = '{revision}'"))
        if table != VERSION_TABLE:
            session.execute(text("UPDATE version_info SET library_version = '0.0.0'"))


def waits(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "for the upgrade" in record.getMessage()]


@contextmanager
def once(happened: Callable[[], object], then: Callable[[], None]) -> Iterator[None]:
    """Do something in another thread as soon as something else has happened."""

    def watch() -> None:
        while not happened():
            time.sleep(0.01)
        then()

    watching = Thread(target=watch, daemon=True)
    watching.start()
    yield
    watching.join(20)
    assert not watching.is_alive()


def test_a_task_goes_on_when_the_upgrade_has_come(ready_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    # Of SQLite only a newer one: it upgrades itself.
    revision = "9999" if ready_database.path else "0004"
    set_revision(ready_database, revision)
    with once(lambda: waits(caplog), lambda: set_revision(ready_database, HEAD)), caplog.at_level(logging.WARNING):
        store = open_store(ready_database, 5, patience=60)
    assert Tuned(store, declared()).suggest()
    assert waits(caplog) == [WAITS.format(revision, HEAD, 60)]


def test_optunas_tables_are_waited_for_too(ready_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    set_revision(ready_database, "v9.0.0.a", "alembic_version")
    later = lambda: set_revision(ready_database, OPTUNA_HEAD, "alembic_version")  # noqa: E731
    with once(lambda: waits(caplog), later), caplog.at_level(logging.WARNING):
        open_store(ready_database, 5, patience=60)
    assert waits(caplog) == [WAITS.format("v9.0.0.a", OPTUNA_HEAD, 60)]


def test_tables_that_are_never_upgraded_end_as_the_permanent_error_with_its_remedy(ready_database: Database) -> None:
    set_revision(ready_database, "9999")
    with pytest.raises(
        StoreNotMigratedError, match=r"has 9999\. Upgrade .*tried for 0\.3 s \(\[hpo\] database_patience"
    ):
        open_store(ready_database, 5, patience=0.3)
    with pytest.raises(StoreNotMigratedError, match="Upgrade"):
        open_store(ready_database, 5, patience=0.3, to_read=True)


def test_a_command_says_it_at_once(ready_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    set_revision(ready_database, "9999")
    with pytest.raises(StoreNotMigratedError, match=r"Upgrade airflow-provider-hpo\.$"):
        open_store(ready_database, 5, patience=0, to_read=True)
    assert not waits(caplog)


def test_a_database_without_tables_is_not_waited_for(
    empty_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(StoreNotMigratedError) as raised:
        open_store(empty_database, 5, patience=60, to_read=True)
    assert not isinstance(raised.value, StoreRevisionError)
    assert not waits(caplog)


@pytest.fixture
def ahead(default_database: Database) -> Database:
    """A study whose tables are those of a later version."""
    Tuned(Store(default_database), declared())
    set_revision(default_database, "9999")
    return default_database


def by_trigger() -> object:
    trigger = StudyTrigger("demo@r", until="room", poll_interval=0.05, dag_id="tune", run_id="r")

    async def first() -> object:
        return (await anext(trigger.run())).payload

    return asyncio.run(first())


def by_sensor() -> object:
    sensor = StudySensor(task_id="settle", edition="demo@r", until="room")
    sensor.run_id = "r"
    return bool(sensor.poke({}))


def by_trial_in_triggerer() -> object:
    return asyncio.run(study_store("hpo_default"))


@pytest.mark.parametrize("look", [by_trigger, by_sensor, by_trial_in_triggerer])
def test_who_waits_for_a_study_goes_on_when_the_upgrade_has_come(
    ahead: Database, caplog: pytest.LogCaptureFixture, look: Callable[[], object]
) -> None:
    with once(lambda: waits(caplog), lambda: set_revision(ahead, HEAD)):
        assert look()


@pytest.mark.parametrize("look", [by_trigger, by_sensor, by_trial_in_triggerer])
def test_who_waits_for_a_study_does_not_wait_longer_than_a_task(
    ahead: Database, monkeypatch: pytest.MonkeyPatch, look: Callable[[], object]
) -> None:
    monkeypatch.setenv("AIRFLOW__HPO__DATABASE_PATIENCE", "0.3")
    with pytest.raises(StoreNotMigratedError, match=r"tried for 0\.3 s"):
        look()
