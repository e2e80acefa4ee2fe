from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.metrics.lines import LineSplitter
from airflow_hpo.core.metrics.parser import Parser
from airflow_hpo.core.metrics.point import Found, MetricPoint, Rejected
from airflow_hpo.core.metrics.source import Stdout

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def parse(line: str, **source: Any) -> list[Found]:
    return Parser(Stdout(**source), ["loss", "val/acc"]).parse(line)


def values(line: str, **source: Any) -> dict[str, float]:
    return {each.name: each.value for each in parse(line, **source) if isinstance(each, MetricPoint)}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("loss=0.5", {"loss": 0.5}),
        ("loss = 0.5", {"loss": 0.5}),
        ("INFO loss=-1.5e-3, val/acc=.9;", {"loss": -0.0015, "val/acc": 0.9}),
        ("loss=0.5,val/acc=0.9", {"loss": 0.5, "val/acc": 0.9}),
        ("[loss=+3.]", {"loss": 3.0}),
        ("loss=0.5.", {"loss": 0.5}),
        ("loss=-Inf val/acc=Infinity", {"loss": -math.inf, "val/acc": math.inf}),
        ("loss=1e999", {"loss": math.inf}),
        ("\x1b[32mloss=3\x1b[0m", {"loss": 3.0}),
        ("loss= val/acc=0.9", {"val/acc": 0.9}),
    ],
)
def test_the_default_filter_reads_what_people_mean(line: str, found: dict[str, float]) -> None:
    assert values(line) == found


@pytest.mark.parametrize(
    "line",
    ["--loss=1", "val/loss=1", "my_loss=1", "a.loss=1", "loss2=1", "loss==1", "loss>=1", "nothing here", ""],
)
def test_what_only_resembles_a_metric_is_ignored(line: str) -> None:
    assert parse(line) == []


@pytest.mark.parametrize("line", ["loss: 1", '{"loss": 1}', "9/9 - 0s - loss: 1"])
def test_the_default_filter_takes_no_value_of_another_format(line: str) -> None:
    assert values(line) == {}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("loss=abc", "abc"),
        ("loss=", ""),
        ("loss = none yet", "none"),
        ("loss=0.5ms", "0.5ms"),
        ("loss=0x1F", "0x1F"),
        ("loss=1,000", "1,000"),
        ("loss=0,5", "0,5"),
        ("loss=1.2.3", "1.2.3"),
        ("loss=12:30", "12:30"),
        ("loss=2026-10-01", "2026-10-01"),
        ("loss=nano", "nano"),
        ("loss=1_000", "1_000"),
        ("loss=١٢", "١٢"),
        ("loss='0.5'", "'0.5'"),
        ("loss=" + "x" * 500, "x" * 79 + "…"),
    ],
)
def test_a_metric_printed_as_text_is_rejected_and_never_taken_for_a_number(line: str, text: str) -> None:
    assert parse(line) == [Rejected("loss", text)]


def test_nan_is_a_value() -> None:
    assert math.isnan(values("loss=NaN")["loss"])


@pytest.mark.parametrize("line", ["step=3 loss=1", "loss=1 step=3", "step=3/10 loss=1", "step=3.0 loss=1"])
def test_a_step_on_the_line_belongs_to_its_metrics(line: str) -> None:
    assert parse(line) == [MetricPoint("loss", 1.0, 3)]


@pytest.mark.parametrize("step", ["-1", "2.5", "nan", "x", "4294967296"])
def test_a_step_that_is_none_is_rejected_and_the_value_kept(step: str) -> None:
    assert parse(f"step={step} loss=1") == [Rejected("step", step), MetricPoint("loss", 1.0)]


def test_the_step_may_have_another_name_or_none() -> None:
    assert parse("epoch=2 step=9 loss=1", step="epoch") == [MetricPoint("loss", 1.0, 2)]
    assert parse("step=9 loss=1", step=None) == [MetricPoint("loss", 1.0)]


@pytest.mark.parametrize(
    ("filter", "line", "found"),
    [
        pytest.param(r"(\w+) is (\S+)", "loss is 0.5", [MetricPoint("loss", 0.5)], id="two groups"),
        pytest.param(r"(?P<value>\S+) (?P<name>\w+)", "0.5 loss", [MetricPoint("loss", 0.5)], id="named"),
        pytest.param(
            r"(?P<step>\d+) (?P<name>\w+) (?P<value>\S+)", "7 loss 0.5", [MetricPoint("loss", 0.5, 7)], id="step"
        ),
        pytest.param({"loss": r"error (\S+)"}, "error 0.5", [MetricPoint("loss", 0.5)], id="by metric"),
        pytest.param({"loss": r"error (\S+)"}, "error high", [Rejected("loss", "high")], id="text"),
        pytest.param({"loss": r"error(?: (\d+))?"}, "error", [Rejected("loss", "")], id="group without part"),
        pytest.param([r"(\w+)=(\S+)", r"(loss)=(\S+)"], "loss=1", [MetricPoint("loss", 1.0)], id="found twice"),
        pytest.param(r"(\w+)=(\S+)", "other=1", [], id="undeclared"),
    ],
)
def test_filters_of_the_users_own(filter: Any, line: str, found: list[Found]) -> None:
    assert parse(line, filter=filter) == found


def test_a_filter_of_the_users_own_sees_only_the_head_of_a_line() -> None:
    (found,) = parse("x" * 4096 + " loss=1", filter=r"(\w+)=(\S+)")
    assert isinstance(found, Rejected)
    assert found.why == "only the first 4,096 characters of a line are read"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        pytest.param('{"loss": 0.5, "step": 3}', [MetricPoint("loss", 0.5, 3)], id="number"),
        pytest.param('{"loss": "0.5"}', [MetricPoint("loss", 0.5)], id="number as a string, as in katib"),
        pytest.param('{"loss": 1, "val/acc": 2}', [MetricPoint("loss", 1), MetricPoint("val/acc", 2)], id="two"),
        pytest.param('{"loss": -Infinity}', [MetricPoint("loss", -math.inf)], id="infinite"),
        pytest.param('{"loss": ' + "9" * 5000 + "}", [MetricPoint("loss", math.inf)], id="integer beyond floats"),
        pytest.param('{"loss": "high"}', [Rejected("loss", "high")], id="text"),
        pytest.param('{"loss": null}', [Rejected("loss", "")], id="null"),
        pytest.param('{"loss": true}', [Rejected("loss", "True")], id="truth"),
        pytest.param('{"loss": [1]}', [Rejected("loss", "[1.0]")], id="list"),
        pytest.param('{"loss": 1, "step": "x"}', [Rejected("step", "x"), MetricPoint("loss", 1)], id="bad step"),
        pytest.param('{"loss": 1', [Rejected("loss", '{"loss": 1')], id="half an object"),
        pytest.param('{"other": 1', [], id="half of something else"),
        pytest.param('{"a":' * 100_000, [], id="deep"),
        pytest.param("[1, 2]", [], id="no object"),
        pytest.param("loading data", [], id="log line"),
        pytest.param(
            '{"loss": 1, "timestamp": "2026-10-01T12:00:00Z"}', [MetricPoint("loss", 1, None, NOON)], id="time"
        ),
        pytest.param(
            f'{{"loss": 1, "timestamp": {NOON.timestamp()}}}', [MetricPoint("loss", 1, None, NOON)], id="epoch seconds"
        ),
        pytest.param('{"loss": 1, "timestamp": 1e300}', [MetricPoint("loss", 1)], id="time beyond calendars"),
    ],
)
def test_json_lines(line: str, found: list[Found]) -> None:
    assert parse(line, format="json") == found


@pytest.mark.parametrize(
    ("prefix", "time"),
    [
        ("2026-10-01T12:00:00Z ", NOON),
        ("2026-10-01T12:00:00.123456789Z ", NOON + timedelta(microseconds=123456)),
        ("2026-10-01T14:00:00+02:00 ", NOON),
        ("2026-02-30T12:00:00Z ", None),
        ("", None),
    ],
)
def test_a_timestamp_is_the_points_time(prefix: str, time: datetime | None) -> None:
    assert parse(f"{prefix}loss=1", timestamps=True) == [MetricPoint("loss", 1.0, None, time)]


def test_the_readers_time_is_used_where_the_line_has_none() -> None:
    assert Parser(Stdout(), ["loss"]).parse("loss=1", NOON) == [MetricPoint("loss", 1.0, None, NOON)]


@pytest.mark.parametrize(
    "source",
    [
        Stdout(timestamps=True),
        Stdout(format="json", timestamps=True),
        Stdout(filter=r"(\S*)=(\S*)"),
        Stdout(filter={"loss": "(.*)"}),
    ],
    ids=str,
)
@given(
    data=st.one_of(
        st.binary(),
        st.lists(st.sampled_from(["loss", "=", " ", "1", "e", ".", "-", "nan", "step", "{", '"', ":", "}", "Z"])).map(
            lambda words: "".join(words).encode()
        ),
    )
)
def test_no_line_whatever_raises(source: Stdout, data: bytes) -> None:
    splitter = LineSplitter()
    for line in splitter.feed(data) + splitter.flush():
        for found in Parser(source, ["loss"]).parse(line):
            assert found.name in {"loss", "step"}


@given(st.floats(allow_nan=False), st.integers(min_value=0, max_value=2**31 - 1))
def test_every_float_comes_back_exactly(value: float, step: int) -> None:
    assert parse(f"step={step} loss={value!r}") == [MetricPoint("loss", value, step)]
    assert parse(f'{{"step": {step}, "loss": "{value!r}"}}', format="json") == [MetricPoint("loss", value, step)]


def test_a_name_that_looks_like_an_exponent_is_a_name() -> None:
    assert [
        (p.name, p.value) for p in Parser(Stdout(), ("A", "E0")).parse("A=0.0 E0=0.5") if isinstance(p, MetricPoint)
    ] == [
        ("A", 0.0),
        ("E0", 0.5),
    ]
