"""What becomes of the lines of a pod's log."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.pods.watch.log_readings import PodReadings
from airflow_hpo.pods.watch.timestamped_lines import LogLine

STAMP = "2026-11-21T10:00:00.000000000Z"


def test_lines_are_written_when_told_and_once() -> None:
    written: list[str] = []
    readings = PodReadings(Stdout(), Objective("loss"), written.append)
    readings.output([LogLine(STAMP, "loss=1"), LogLine(STAMP, "loss=2")])
    assert written == []
    readings.write()
    readings.write()
    assert written == ["loss=1", "loss=2"]


def test_metrics_are_read_though_nobody_takes_the_log_any_more() -> None:
    def broken(text: str) -> None:
        raise BrokenPipeError(text)

    readings = PodReadings(Stdout(), Objective("loss"), broken)
    readings.output([LogLine(STAMP, f"step={step} loss={step}.5") for step in (1, 2, 3)])
    readings.write()
    assert [(point.step, point.value) for point in readings.drain(final=True)] == [(1, 1.5), (2, 2.5), (3, 3.5)]
    assert readings.measure().value == 3.5
    assert readings.tail[-1] == "step=3 loss=3.5"


def test_the_moment_of_a_line_is_that_of_the_node_and_what_the_kubelet_says_has_none() -> None:
    moments: list[datetime | None] = []
    readings = PodReadings(Stdout(), Objective("loss"), lambda line: None, moments.append)
    readings.output([LogLine(STAMP, "loss=1"), LogLine("", "unable to retrieve container logs")])
    assert set(moments) == {datetime(2026, 11, 21, 10, tzinfo=UTC)}
