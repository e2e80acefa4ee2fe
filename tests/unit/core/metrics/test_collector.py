from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import File, Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError

OUTPUT = "step=1 loss=0.5\r\nnaïve loss=\nstep=2 loss=0.25\rstep=2 loss=9\nstep=3 loss=1e-3".encode()


@given(st.lists(st.integers(min_value=0, max_value=len(OUTPUT))))
def test_pieces_of_any_size_measure_the_same(cuts: list[int]) -> None:
    collector = Collector(Stdout(), Objective("loss"))
    edges = [0, *sorted(cuts), len(OUTPUT)]
    for start, end in pairwise(edges):
        collector.feed(OUTPUT[start:end])
    collector.close()
    assert [(point.step, point.value) for point in collector.drain()] == [(1, 0.5), (2, 0.25), (3, 9.0), (4, 0.001)]
    assert collector.measure().value == 0.001


def test_feeding_returns_the_lines_for_the_log() -> None:
    collector = Collector(Stdout(), Objective("loss"))
    assert collector.feed(b"a\nb\nc") == ["a", "b"]
    assert collector.close() == ["c"]


def test_a_missing_metric_is_explained_by_the_source_and_the_last_lines() -> None:
    collector = Collector(File("out.log"), Objective("loss"))
    collector.note = "The file never appeared."
    collector.feed(b"starting\n\nfinished\n")
    with pytest.raises(TrialFailedError, match=r"3 lines of the file 'out.log'.* never appeared.*starting \| finished"):
        collector.measure()


def test_lines_split_elsewhere_are_read_alike() -> None:
    collector = Collector(Stdout(timestamps=True), Objective("loss"))
    collector.add_line("2026-10-01T12:00:00.5Z loss=3")
    (point,) = collector.drain()
    assert point.time is not None
    assert point.time.isoformat() == "2026-10-01T12:00:00.500000+00:00"
