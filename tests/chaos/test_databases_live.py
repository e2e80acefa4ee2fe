"""A live Airflow goes on tuning while the study database is away, full, or restarted together with Airflow's own."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import make_url

from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage import metric_series
from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.processes import COMMANDS
from local_airflow.runs import ENDED, DagRun
from tests.chaos.database_faults import SmallDisk, StudyServer, finished, until
from tests.chaos.kill_airflow import end_what_is_left
from tests.chaos.ledger import Ledger
from tests.chaos.whole import check_whole

DAGS = Path(__file__).parent / "database_dags"
WHOLE = "waited for; every trial in one attempt, no try of Airflow spent"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short name."""
    path = Path(tempfile.mkdtemp(prefix="hpo-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def server() -> Iterator[StudyServer]:
    """A server of these tests' own."""
    with tempfile.TemporaryDirectory(prefix="hpo-postgres-") as home:
        started = StudyServer(Path(home))
        yield started
        started.stop()


@pytest.fixture(scope="module")
def disk(folder: Path) -> Iterator[SmallDisk]:
    """A disk of 4 MB."""
    (folder / "disk").mkdir()
    with SmallDisk(folder / "disk") as small:
        yield small


@contextlib.contextmanager
def live(home: Path, server: StudyServer, env: dict[str, str]) -> Iterator[LiveAirflow]:
    location = server.database.location
    fields = {"conn_type": "hpo", "host": location.host, "port": location.port, "login": "tuner", "schema": "studies"}
    studies = {
        "AIRFLOW_CONN_HPO_DEFAULT": json.dumps({**fields, "extra": {"dialect": "postgresql", "db_schema": "hpo"}})
    }
    try:
        with LiveAirflow(home, DAGS, parallelism=8, env={"AIRFLOW__HPO__PRELOAD": "True", **studies, **env}) as started:
            yield started
    finally:
        end_what_is_left(home)


@pytest.fixture(scope="module")
def airflow(folder: Path, server: StudyServer, disk: SmallDisk) -> Iterator[LiveAirflow]:
    """An Airflow whose own database is elsewhere."""
    on_disk = {"AIRFLOW_CONN_HPO_DISK": json.dumps({"conn_type": "sqlite", "host": str(disk.place / "hpo.db")})}
    with live(folder / "apart", server, on_disk) as started:
        yield started


def spent(run: DagRun) -> int:
    """How many tasks were tried more than once."""
    return sum(task["try_number"] > 1 for task in run.tasks())


def waited_for(airflow: LiveAirflow, database: Database, family: str, fault: Callable[[str], None]) -> str:
    """Run a study during which something happens; return what is left of it, which is whole."""
    run = DagRun.trigger(airflow, family)
    name, store = f"{family}@{run.run_id}", Store(database)
    airflow.wait(
        lambda: any(task["state"] == "running" for task in run.tasks("tune.batch_001.trial")), "a trial to run"
    )
    fault(name)
    assert run.wait(timeout=400) == "success"
    seen = check_whole(store, name, run)
    assert (len(seen.held), spent(run)) == (len(seen.records), 0)
    with store.session() as session:
        points = metric_series.series(session, name)
    assert len(points) == 5 * len(seen.records)
    return f"{seen}; {len(points)} metric values; {spent(run)} tasks tried again"


@pytest.mark.parametrize("family", ["away", "waiting"])
def test_a_study_waits_for_a_server_that_is_away(
    airflow: LiveAirflow, server: StudyServer, ledger: Ledger, family: str
) -> None:
    def take_away(name: str) -> None:
        until(lambda: finished(server.database, name) >= 2)
        server.stop()
        time.sleep(15)
        server.start()

    where = {"away": "trials run, a batch is due", "waiting": "trials run, others ask for their parameters"}[family]
    with ledger.injection("PostgreSQL away for 15 s", where, "programs, PostgreSQL", WHOLE) as row:
        row.seen = waited_for(airflow, server.database, family, take_away)


def test_a_study_waits_for_a_server_that_is_restarted(
    airflow: LiveAirflow, server: StudyServer, ledger: Ledger
) -> None:
    def restart(name: str) -> None:
        for again in range(3):
            until(lambda again=again: finished(server.database, name) >= 1 + 3 * again)
            server.stop()
            server.start()

    with ledger.injection("PostgreSQL restarted", "trials run", "programs, PostgreSQL", WHOLE, times=3) as row:
        row.seen = waited_for(airflow, server.database, "restarted", restart)


def test_a_study_waits_for_room_on_its_disk(airflow: LiveAirflow, disk: SmallDisk, ledger: Ledger) -> None:
    database = Database.sqlite(disk.place / "hpo.db")
    migrate.upgrade(database)

    def fill(name: str) -> None:
        until(lambda: finished(database, name) >= 2)
        disk.full(12)

    with ledger.injection("a full disk for 12 s", "trials run, a batch is due", "programs, SQLite", WHOLE) as row:
        row.seen = waited_for(airflow, database, "on_disk", fill)


def revived(airflow: LiveAirflow) -> list[str]:
    """Start every component again that has ended, as a service manager does; return which."""
    dead = []
    for name in COMMANDS:
        process = (
            psutil.Process(airflow.processes.pid(name)) if psutil.pid_exists(airflow.processes.pid(name)) else None
        )
        if process is None or process.status() == psutil.STATUS_ZOMBIE:
            airflow.processes.kill(name)
            airflow.processes.start(name)
            dead.append(name)
    return dead


def ended(run: DagRun, again: list[str]) -> str | None:
    again += revived(run.airflow)
    with contextlib.suppress(httpx.HTTPError, RuntimeError):
        return run.state if run.state in ENDED else None
    return None


def test_a_study_is_whole_after_its_database_and_airflow_s_own_were_restarted(
    folder: Path, server: StudyServer, ledger: Ledger
) -> None:
    server.do("CREATE ROLE airflow LOGIN", "CREATE DATABASE airflow_meta OWNER airflow")
    own = make_url(server.url).set(drivername="postgresql+psycopg2", database="airflow_meta", username="airflow")
    meta = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": own.render_as_string(hide_password=False)}
    store, again = Store(server.database), list[str]()
    with (
        ledger.injection(
            "PostgreSQL away for 10 s, Airflow's own database with it",
            "trials run",
            "programs, PostgreSQL",
            "Airflow tries again; every trial that counts once",
        ) as row,
        live(folder / "together", server, meta) as airflow,
    ):
        run = DagRun.trigger(airflow, "shared")
        name = f"shared@{run.run_id}"
        airflow.wait(lambda: _two_have_finished(store, name), "two trials to finish", timeout=180)
        server.stop()
        time.sleep(10)
        server.start()
        state: list[Any] = []
        until(lambda: state.append(ended(run, again)) or state[-1], timeout=420)
        assert state[-1] == "success"
        row.seen = (
            f"{check_whole(store, name, run)}; {len(again)} components started again; {spent(run)} tasks tried again"
        )


def _two_have_finished(store: Store, name: str) -> bool:
    with contextlib.suppress(StudyNotFoundError):
        return finished(store.database, name) >= 2
    return False
