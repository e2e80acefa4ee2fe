"""The clock of one process jumps back an hour and forward a day in the middle of a study."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from airflow_hpo.studies.store import Store
from tests.chaos.kill_clock import BACK, FORWARD, STEPS
from tests.chaos.ledger import Ledger
from tests.chaos.whole import check_whole

ROOT = Path(__file__).parent.parent.parent
HOW = {BACK: "the clock goes back an hour", FORWARD: "the clock goes forward a day"}
STEPPED = "a clock that goes back an hour and forward a day"


def faketime() -> dict[str, str]:
    """Return the variables that give a process a clock of its own."""
    program = shutil.which("faketime")
    assert program, "Tests of clocks need the program faketime; install the package faketime."
    found = subprocess.run([program, "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True)
    return {"LD_PRELOAD": found.stdout.strip()}


Run = Callable[[str], Any]


@pytest.fixture
def tables(empty_database: Database) -> Database:
    """A study database with all tables."""
    migrate.upgrade(empty_database)
    return empty_database


@pytest.fixture
def run(tables: Database, tmp_path: Path) -> Run:
    """Runs a case of :mod:`tests.chaos.kill_clock` by a clock of its own and returns what it says."""
    return lambda case: run_case(case, tables, tmp_path / "clock")


def run_case(case: str, database: Database, clock: Path) -> Any:
    """Run a case of :mod:`tests.chaos.kill_clock` in a process of its own and return what it says."""
    clock.write_text("+0")
    own = {"FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    location = [str(database.path), ""] if database.path else [database.url, database.schema or ""]
    command = [sys.executable, "-m", "tests.chaos.kill_clock", case, *location, str(clock)]
    env = {**os.environ, **faketime(), **own}
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def on(tables: Database) -> str:
    """Backend and database, as the ledger names them."""
    return f"programs, {'SQLite' if tables.path else 'PostgreSQL'}"


@pytest.mark.short
def test_a_study_is_whole_although_its_clock_jumps_at_every_step(
    tables: Database, run: Run, ledger: Ledger, on: str
) -> None:
    where = f"a trial: {', '.join(STEPS)}"
    with ledger.injection(STEPPED, where, on, "no trial is lost, no duration negative", times=8) as row:
        said = run("study")
        seen = check_whole(Store(tables), said["edition"])
        row.seen = f"{said['steps']} jumps; {seen}"
        assert said["steps"] >= 8


@pytest.mark.short
def test_a_programs_timeout_does_not_go_by_the_clock(tmp_path: Path, ledger: Ledger) -> None:
    where, expected = "while a program runs that has a timeout", "its timeout is measured"
    with ledger.injection(STEPPED, where, "programs, SQLite", expected, 2) as row:
        said = run_case("program", Database.sqlite(tmp_path / "hpo.db"), tmp_path / "clock")
        forward, back = said["forward"], said["back"]
        row.seen = f"forward: exit code {forward['exit_code']}; back: {back['reason']} after {back['seconds']:.0f} s"
        assert (said["forward"]["state"], said["forward"]["exit_code"]) == ("complete", 0)
        assert "timeout" in said["back"]["reason"]
        assert said["back"]["seconds"] < 60


def test_whoever_waits_for_a_study_does_not_go_by_the_clock(run: Run, ledger: Ledger, on: str) -> None:
    expected = "the lock is got, and given up, in measured time"
    with ledger.injection(STEPPED, "while a process waits for a study's lock", on, expected, 2) as row:
        said = run("lock")
        row.seen = f"forward: {said['forward']['result']}; back: {said['back']['result']}"
        assert [said[jump]["result"] for jump in ("forward", "back")] == ["got it", "gave up"]
        assert said["back"]["seconds"] < 60


def test_editions_keep_their_order_although_the_clock_goes_back_between_them(run: Run, ledger: Ledger, on: str) -> None:
    with ledger.injection(HOW[BACK], "between two editions", on, "drift shows them in their order", 2) as row:
        found = run("order")
        row.seen = " before ".join(found)
        assert found == ["demo@a", "demo@b", "demo@c"]


def test_a_studys_timeout_goes_by_the_clock_and_loses_nothing(run: Run, ledger: Ledger, on: str) -> None:
    with ledger.injection(
        STEPPED, "while a study with a timeout of 3 hours runs", on, "it ends by the clock", 2
    ) as row:
        ends = run("timeout")
        row.seen = f"back: {ends[0] or 'goes on'}; forward: ended by {ends[1]}"
        assert ends == [None, "timeout"]
