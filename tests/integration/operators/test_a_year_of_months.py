"""Twelve monthly retunings in several time zones, with an outage, late data and two reruns: which days are used for what."""

from __future__ import annotations

import contextvars
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.bases.operator import ExecutorSafeguard

from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.core.window import Window
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.scenarios import ScenariosOperator
from airflow_hpo.operators.study import StudyStartOperator, StudySuggestOperator
from airflow_hpo.storage import editions
from airflow_hpo.storage.database import Database
from tests.integration.airflow_answers import AirflowAnswers
from tests.runs import dag_run_at

TUNING, TEST = Window("-20w", "-8w"), Window("-8w")
STUDY = Study(name="boat", space={"x": Float(0, 1)}, objective="loss", max_trials=4)
ZONES = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/Havana"]
OUTAGE, LATE_DATA, CLEARED_TWICE = 4, 7, 11
"""Months whose run came days late, was computed afresh when late data were there, and was cleared twice."""


@pytest.fixture(autouse=True)
def airflow(monkeypatch: pytest.MonkeyPatch, default_database: Database) -> AirflowAnswers:
    return AirflowAnswers(monkeypatch)


def first_of(zone: str, month: int) -> datetime:
    return datetime(2026 + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)


class Month:
    """One run of the retuning: when it ran, and how often it was cleared."""

    def __init__(self, zone: str, month: int) -> None:
        self.dag = DAG("retune", schedule="@monthly", start_date=datetime(2025, 1, 1, tzinfo=ZoneInfo(zone)))
        self.run_id = f"scheduled__{month}"
        self.data_until = first_of(zone, month + 1)
        self.began = self.data_until
        self.clears, self.conf = 0, {}  # type: ignore[var-annotated]

    def execute(self, operator: BaseOperator) -> Any:
        ti = SimpleNamespace(
            dag_id="retune", run_id=self.run_id, task_id=operator.task_id, map_index=-1, try_number=1, max_tries=2
        )
        ti.start_date, ti.xcom_push = self.began, lambda *_: None
        run = dag_run_at(
            self.data_until,
            run_after=self.data_until,
            start_date=self.began,
            clear_number=self.clears,
            run_type="scheduled",
            conf=self.conf,
            triggering_user_name=None,
        )
        context: Any = {"ti": ti, "run_id": self.run_id, "params": {}, "dag_run": run, "dag": self.dag}
        operator.render_template_fields(context)
        here = contextvars.copy_context()
        here.run(ExecutorSafeguard.tracker.set, operator)
        return here.run(operator.execute, context=context)

    def days(self) -> tuple[list[date], list[date]]:
        """Open the study, suggest, cut the test window, and return the local days of tuning and of the test."""
        name = self.execute(StudyStartOperator(task_id="tune.start", study=STUDY))
        asked = self.execute(StudySuggestOperator(task_id="tune.suggest", edition=name, batch=1, window=TUNING))
        period = TrialRequest.from_dict(asked[0]).period
        assert period is not None
        days = (period.end.date() - period.start.date()).days
        tests = self.execute(ScenariosOperator(task_id="days", scenarios="1d", window=TEST))
        return (
            [period.start.date() + timedelta(days=n) for n in range(days)],
            [date.fromisoformat(each["name"]) for each in tests],
        )


@pytest.mark.parametrize("zone", ZONES)
def test_each_month_tunes_and_tests_on_the_local_days_before_it(zone: str) -> None:
    tested: set[date] = set()
    for number in range(1, 13):
        month = Month(zone, number)
        if number == OUTAGE:
            month.began += timedelta(days=9)
        tuning, test = month.days()
        last = date(2026 + number // 12, number % 12 + 1, 1)
        assert test == [last - timedelta(days=n) for n in range(56, 0, -1)]
        assert tuning == [last - timedelta(days=n) for n in range(140, 56, -1)]
        if number == LATE_DATA:
            month.clears, month.conf, month.began = 1, {"hpo": "afresh"}, month.began + timedelta(days=3)
            assert month.days() == (tuning, test)
        for clears in (1, 2) if number == CLEARED_TWICE else ():
            month.clears, month.began = clears, month.began + timedelta(days=40)
            assert month.days() == (tuning, test)
        tested.update(test)

    assert {date(2026, 1, 1) + timedelta(days=n) for n in range(365)} <= tested
    names = sorted(edition.name for edition in HpoHook().store.read(editions.find, "boat"))
    assert len(names) == 13
    assert [name for name in names if "~" in name] == [f"boat@scheduled__{LATE_DATA}~2"]
