from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_hpo.operators.context import reference_of

END, LOGICAL, AFTER = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 2, 4))


@pytest.mark.parametrize(
    ("times", "reference"),
    [((END, LOGICAL, AFTER), END), ((None, LOGICAL, AFTER), LOGICAL), ((None, None, AFTER), AFTER)],
)
def test_windows_are_relative_to_the_newest_data_that_the_run_is_about(times: tuple[Any, ...], reference: Any) -> None:
    run = SimpleNamespace(data_interval_end=times[0], logical_date=times[1], run_after=times[2])
    context: Any = {"dag_run": run}

    assert reference_of(context) == reference
