"""Waiting for a study while its database comes and goes."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from airflow_hpo.sensors.study import StudySensor
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.status import Status, status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for
from airflow_hpo.triggers.study import StudyTrigger
from tests.integration.trial_tasks import Tuned, declared


@pytest.fixture
def taken_away(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a study's file, which is not where the connection says."""
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    path = Path(shutil.copy(sqlite_template, here / "hpo.db"))
    Tuned(Store(Database.sqlite(path)), declared())
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    here.rename(elsewhere)
    # Without anything in its place the folder would be made anew, with an empty database in it.
    here.write_text("in the way")
    return elsewhere


def bring_back(elsewhere: Path) -> None:
    here = elsewhere.with_name("here")
    here.unlink()
    elsewhere.rename(here)


class Counting(StudyTrigger):
    """Counts its looks."""

    looks = 0

    async def _look(self) -> Status | None:
        found = await super()._look()
        self.looks += 1
        return found


async def waited(elsewhere: Path) -> object:
    trigger = Counting("demo@r", until="room", poll_interval=0.05)
    waiting = asyncio.ensure_future(anext(trigger.run()))
    while trigger.looks < 2:
        assert not waiting.done()
        await asyncio.sleep(0.01)
    bring_back(elsewhere)
    return (await asyncio.wait_for(waiting, 60)).payload


def test_a_trigger_that_starts_while_the_database_is_away_waits_for_it(taken_away: Path) -> None:
    assert asyncio.run(waited(taken_away)) == {"over": False, "reason": ""}


def test_a_sensor_that_cannot_look_looks_again_later(taken_away: Path) -> None:
    sensor = StudySensor(task_id="settle", edition="demo@r", until="room", mode="reschedule")
    sensor.run_id = "r"
    assert not sensor.poke({})
    bring_back(taken_away)
    assert sensor.poke({})


def test_a_wait_for_room_ends_when_another_simulation_has_asked_for_the_trial(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "hpo.db"))
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    week = Tuned(Store(Database.sqlite(path)), declared(scenarios=["mon", "tue"], parallelism=2, batch_size=1))
    ask_for(week.store, week.name, ["001/0"])
    assert status(week.store, week.name).may_start == 0

    trigger = StudyTrigger("demo@r", until="room", poll_interval=0.05, key="001/1")

    async def first() -> object:
        return (await asyncio.wait_for(anext(trigger.run()), 60)).payload

    assert asyncio.run(first()) == {"over": False, "reason": ""}
