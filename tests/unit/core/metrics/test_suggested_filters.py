"""The filter that a reason shows reads the line, and takes no later value for nothing."""

from __future__ import annotations

import re

import pytest

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError


def measure(*lines: str, filter: dict[str, str] | None = None, metric: str = "x") -> float:
    collector = Collector(Stdout(filter=filter), Objective(metric))
    collector.feed("".join(f"{line}\n" for line in lines).encode())
    return collector.measure().value


def suggested(*lines: str, metric: str = "x") -> dict[str, str]:
    with pytest.raises(TrialFailedError) as failed:
        measure(*lines, metric=metric)
    shown: dict[str, str] = eval(failed.value.reason.split("Stdout(filter=")[1].split(") reads the line")[0])
    return shown


@pytest.mark.parametrize(
    ("line", "value", "later"),
    [
        ("x=850 ms", 850.0, "x=1 s"),
        ("x=850ms", 850.0, "x=1s"),
        ("x: 850 ms", 850.0, "x: 1.2 min"),
        ("x 850 ms", 850.0, "x 1 s"),
        ("took 3 min, x=850 ms (avg)", 850.0, "took 3 min, x=1 s (avg)"),
        ("x=50%", 50.0, "x=0.6"),
        ("x=50 %", 50.0, "x=0.6"),
        ("x=1.2M", 1.2, "x=900K"),
        ("x=1.2M", 1.2, "x=900000"),
        ("x=12.", 12.0, "x=0.5"),
    ],
)
def test_a_filter_with_a_unit_does_not_lose_a_later_value_with_another_one(line: str, value: float, later: str) -> None:
    filter = suggested(line)
    assert measure(line, filter=filter) == value
    with pytest.raises(TrialFailedError, match=re.escape(f"in the line {later!r}: the filter passes it over")):
        measure(line, later, filter=filter)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("x=0.9 improved to 0.5", 0.5),
        ("x=0.9->0.5", 0.5),
        ("x: 0.9 ==> 0.5", 0.5),
        ("x=tensor(0.5)", 0.5),
        ("x=[0.5]", 0.5),
        ("x='0.5'", 0.5),
    ],
)
def test_a_filter_with_what_stands_before_the_value_also_reads_a_later_one_without_it(line: str, value: float) -> None:
    filter = suggested(line)
    plain = line[:2].replace(":", ": ") + "0.4"
    assert (measure(line, filter=filter), measure(line, plain, filter=filter)) == (value, 0.4)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("Epoch 2: x improved from 0.9 to 0.5, saving", 0.5),
        ("Epoch 1: x improved from None to 0.5", 0.5),
        ("Epoch 1, global step 32: 'x' reached 0.42 (best 0.42), saving", 0.42),
        ("x decreased (0.9 --> 0.5).  Saving", 0.5),
        ("x: 0.9 -> 0.5", 0.5),
        ("x went down to 0.5", 0.5),
        ("|  x      | -1.2e+03  |", -1200.0),
    ],
)
def test_what_text_says_that_a_metric_became_is_not_passed_over(line: str, value: float) -> None:
    assert measure(line, filter=suggested(line)) == value
    if not line.startswith("|"):
        assert measure("x=0.7", line, filter=suggested("x=0.7", line)) == value
        assert measure(line, "x=0.7") == 0.7


@pytest.mark.parametrize(
    "line",
    ["x did not improve from 0.5", "Metric x improved by 0.1 >= min_delta = 0.0.", "x improved from 0.9 to 0.70"],
)
def test_what_says_nothing_new_is_no_reason_for_a_doubt(line: str) -> None:
    assert measure("x=0.7", line) == 0.7


@pytest.mark.parametrize("line", ["x=0.4", "done, x=0.4", "2026-11-29 22:01:07 INFO epoch 3 | x=0.4"])
def test_a_filter_for_a_name_alone_does_not_read_it_after_another_word(line: str) -> None:
    lines = ("val x=0.9", line, "val x=0.8", line)
    assert measure(*lines, filter=suggested(*lines)) == 0.4


def test_a_filter_that_takes_a_blank_before_the_name_sees_the_word_before_it() -> None:
    with pytest.raises(TrialFailedError, match="belongs to 'val x'"):
        measure("x=0.4", "val x=0.8", filter={"x": r"(?:^|\s)x=(\S+)"})


@pytest.mark.parametrize("line", ["x=1e+", "x=0.5D-3", "x=Fraction(1, 2)", "x=(0.5, 0.6)", "x=9\nkl + x = 0.5"])
def test_no_filter_is_shown_that_would_read_something_else(line: str) -> None:
    with pytest.raises(TrialFailedError, match=r"Print it such as by airflow_hpo.reporting.report\(x=...\)"):
        measure(*line.split("\n"))
