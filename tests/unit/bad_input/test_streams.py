"""Any bytes at all, in pieces of any size, give the same metrics and never an exception."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import MetricSource, Stdout, TerminationMessage
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError

OBJECTIVE = Objective("loss", extra_metrics=["val/acc"])
SOURCES = [
    Stdout(),
    Stdout(format="json"),
    Stdout(timestamps=True),
    Stdout(filter=r"(?P<name>\w+): (?P<value>\S+)"),
    TerminationMessage(),
]
VALUES = [
    *(
        "0.5",
        "-1e-3",
        "nan",
        "-inf",
        "1e400",
        "9" * 5000,
        "١٢",
        "½",
        "0x1F",
        "1_000",
        "1e",
        "--1",
        "",
        "\U0001d7d9",
        "1\u00a0000",
    ),
    *("\x1b[31m7\x1b[0m", "true", "null", '"3"', "[1]", "{}", "1e-400", "-0.0", "+.5", "5."),
]
STAMPS = [
    "",
    "2026-11-21T08:00:00Z ",
    "2026-11-21T08:00:00.123456789+02:00 ",
    "9999-99-99T99:99:99Z ",
    "0001-01-01T00:00:00+14:00 ",
]
lines = st.builds(
    lambda stamp, form, value, step: stamp + form.format(value=value, step=step),
    st.sampled_from(STAMPS),
    st.sampled_from(
        [
            "loss={value}",
            "loss={value} step={step}",
            "val/acc={value} loss={value}",
            "loss: {value}",
            '{{"loss": {value}, "step": {step}, "timestamp": {value}}}',
            '{{"loss": "{value}", "timestamp": "{value}"}}',
            "\x1b[1mloss={value}\x1b[",
        ]
    ),
    st.sampled_from(VALUES),
    st.sampled_from(["0", "3", "-1", "1e400", "nan", "2.5", "9" * 30, "x"]),
)
streams = st.lists(
    lines.map(lambda line: line.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=20)
    | st.sampled_from([b"[" * 9999]),
    max_size=8,
).map(b"\n".join)


def read(source: MetricSource, pieces: Sequence[bytes]) -> Any:
    """Return all that one trial's reader gives."""
    collector = Collector(source, OBJECTIVE)
    texts = [line for piece in pieces for line in collector.feed(piece)] + collector.close()
    points = collector.drain(final=True)
    try:
        measured = collector.measure()
    except TrialFailedError as err:
        return texts, repr(points), err.reason
    assert math.isfinite(measured.value)
    return texts, repr(points), measured


def cut(data: bytes, ends: Sequence[int]) -> list[bytes]:
    places = sorted({min(end, len(data)) for end in ends})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


@pytest.mark.parametrize("source", SOURCES, ids=["text", "json", "stamped", "filter", "message"])
@given(streams, st.lists(st.integers(0, 400), max_size=12))
@example(b'{"loss": ' + b"9" * 5000 + b"}", [3])
@example(b'{"loss": 1, "timestamp": 1e300}', [])
@example("loss=١٢".encode(), [6])
@example(b"loss=0.\r\n5", [8])
@settings(max_examples=80)
def test_any_stream_gives_the_same_however_it_is_cut(source: MetricSource, data: bytes, ends: list[int]) -> None:
    assert read(source, cut(data, ends)) == read(source, [data])


@pytest.mark.parametrize("source", SOURCES, ids=["text", "json", "stamped", "filter", "message"])
@given(st.text(max_size=60))
@settings(max_examples=60)
def test_any_line_that_was_split_elsewhere_is_read(source: MetricSource, line: str) -> None:
    collector = Collector(source, OBJECTIVE)
    collector.add_line(line, datetime(2026, 11, 21, tzinfo=UTC))
    assert all(point.name in OBJECTIVE.metrics for point in collector.drain(final=True))


@given(streams)
def test_reasons_can_be_written_down_anywhere(data: bytes) -> None:
    _, _, outcome = read(Stdout(), [data])
    text = outcome if isinstance(outcome, str) else " ".join(outcome.problems)
    assert "\0" not in text
    text.encode()
