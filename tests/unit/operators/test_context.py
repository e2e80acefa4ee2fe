from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG, CronDataIntervalTimetable, CronTriggerTimetable, MultipleCronTriggerTimetable

from airflow_hpo.operators.context import reference_of, zone_of_schedule
from tests.runs import dag_run_at

START, END, LOGICAL, AFTER, PARTITION = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 2, 4, 5))


@pytest.mark.parametrize(
    ("times", "moment", "source"),
    [
        ({"data_interval_start": START}, END, "the end of the run's data interval"),
        ({"data_interval_start": END}, END, "the run's data interval, which is a moment"),
        ({"data_interval_end": None}, LOGICAL, "the run's logical date"),
        # Of a run by hand the API makes the interval of the logical date, but the command of the moment of the trigger.
        ({"run_type": "manual", "data_interval_end": START}, START, "the end of the run's data interval"),
        ({"run_type": "manual"}, LOGICAL, "the run's logical date"),
        ({"run_type": "manual", "logical_date": PARTITION, "run_after": END}, PARTITION, "the run's logical date"),
        ({"data_interval_end": None, "logical_date": None}, PARTITION, "the date of the run's partition"),
        (
            {"data_interval_end": None, "logical_date": None, "partition_date": None},
            AFTER,
            "when the run was triggered",
        ),
    ],
)
def test_windows_are_relative_to_the_newest_data_that_the_run_is_about(
    times: dict[str, Any], moment: datetime, source: str
) -> None:
    run = dag_run_at(END, logical_date=LOGICAL, run_after=AFTER, partition_date=PARTITION)
    for name, value in times.items():
        setattr(run, name, value)
    found = reference_of({"dag_run": run})  # type: ignore[typeddict-item]

    assert (found.moment, found.source) == (moment, source)


TOKYO, BERLIN = pendulum.timezone("Asia/Tokyo"), "Europe/Berlin"


@pytest.mark.parametrize(
    ("schedule", "start", "zone"),
    [
        ("@monthly", pendulum.datetime(2026, 1, 1, tz=TOKYO), "Asia/Tokyo"),
        (None, pendulum.datetime(2026, 1, 1, tz=TOKYO), "Asia/Tokyo"),
        ("@monthly", datetime(2026, 1, 1), "UTC"),
        ("@monthly", None, "UTC"),
        (CronTriggerTimetable("0 0 1 * *", timezone=BERLIN), None, BERLIN),
        (CronDataIntervalTimetable("0 0 1 * *", timezone=TOKYO), None, "Asia/Tokyo"),
        (MultipleCronTriggerTimetable("0 0 1 * *", "0 0 15 * *", timezone=BERLIN), None, BERLIN),
        ("@monthly", pendulum.datetime(2026, 1, 1, tz=pendulum.FixedTimezone(9 * 3600)), "+09:00"),
    ],
)
def test_windows_are_reckoned_in_the_zone_of_the_schedule(schedule: Any, start: Any, zone: str) -> None:
    dag = DAG("d", schedule=schedule, start_date=start)

    assert zone_of_schedule({"dag": dag}) == zone  # type: ignore[typeddict-item]
