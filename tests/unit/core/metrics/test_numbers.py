from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.metrics.numbers import as_number, numberish, two_readings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        (" -1.5e-3 ", -0.0015),
        ("1.#INF", math.inf),
        ("-1.#INF00", -math.inf),
        ("1.#J", math.inf),
        ("3.2×10^-4", 3.2e-4),
        ("3.2x10^-4", 3.2e-4),
        ("3.2 * 10**-4", 3.2e-4),
        ("3.2·10⁻⁴", 3.2e-4),
        ("−3.2×10^−4", -3.2e-4),
        ("1×10^(-3)", 1e-3),
        ("1,234.5", 1234.5),
        ("1,234,567", 1234567.0),
        ("1'234.5", 1234.5),
        ("1\u00a0234\u00a0567.25", 1234567.25),
        ("1 234.5", 1234.5),
    ],
)
def test_a_number_that_can_be_read_in_one_way_is_read(text: str, value: float) -> None:
    assert as_number(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["1.#QNAN", "-1.#IND", "1.#SNAN0", "nan"])
def test_windows_prints_nan_in_its_own_way(text: str) -> None:
    number = as_number(text)
    assert number is not None
    assert math.isnan(number)


@pytest.mark.parametrize("text", ["1,234", "0,5", "45/50", "1.234,5", "0.5ms", "1_000", "1,23,456", "10^3", "", "١٢"])
def test_a_number_that_can_be_read_in_two_ways_is_none(text: str) -> None:
    assert as_number(text) is None


@pytest.mark.parametrize(
    "text", ["0.5ms", "tensor(0.5)", "'0.5'", "- 0.5", ",5", "np.float64(nan)", "$3", "1,234", "١٢"]
)
def test_a_text_with_a_number_in_it_may_be_a_value(text: str) -> None:
    assert numberish(text)


@pytest.mark.parametrize("text", ["", "none", "l2", "mse_v2", "decreasing", "nano", "--", "loss5"])
def test_a_word_is_no_value(text: str) -> None:
    assert not numberish(text)


@pytest.mark.parametrize(
    ("line", "text", "longer"),
    [
        ("loss=1 234.5", "1", "1 234.5"),
        ("loss=1 234.5", "234.5", "1 234.5"),
        ("loss=12 345 678", "12", "12 345 678"),
        ("loss=0.5 234", "0.5", None),
        ("loss=1 2345", "1", None),
        ("loss=1 234x", "1", None),
        ("loss=1 acc=2", "1", None),
        ("0 234.5", "234.5", None),
    ],
)
def test_two_whole_numbers_may_be_one(line: str, text: str, longer: str | None) -> None:
    start = line.index(text)
    assert two_readings(line, start, start + len(text)) == longer


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_what_python_prints_with_separators_comes_back_or_is_none(value: float) -> None:
    for text, exact in (
        (f"{value!r}", value),
        (f"{value:,.2f}", float(f"{value:.2f}")),
        (f"{value:.3e}", float(f"{value:.3e}")),
    ):
        assert as_number(text) == exact


@given(st.text(alphabet="0123456789.,eE+-'/×^ #INFa\u00a0", max_size=14))
def test_any_text_is_a_number_or_not(text: str) -> None:
    number = as_number(text)
    assert number is None or isinstance(number, float)
