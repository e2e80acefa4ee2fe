"""Text of any origin, as terminals and spreadsheets may get it."""

from __future__ import annotations

import csv
import io
import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.masking import mask_with
from airflow_hpo.core.shown_text import cell, csv_text, shown
from airflow_hpo.hooks.secrets import hidden

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://x")',
    "@SUM(A1)",
    "+1+cmd|' /C calc'!A0",
    "-1+2",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\uff1d1",
]
NUMBERS = ["-1", "+1.5", "-1e-5", "-inf", "-0"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;cm0gLXJm\x07clipboard", "clipboard"),
        ("\x1bP+q544e\x1b\\terminal", "terminal"),
        ("\x9b31mred", "red"),
        ("\x9d0;title\x9cafter", "after"),
        ("\x1bcreset", "reset"),
        ("\x1b]0;never ended", "0;never ended"),
        ("loss=0.1\rloss=9", "loss=0.1 loss=9"),
        ("a\bb\x07\x00\x7f", "ab"),
        ("user\u202egnp.exe\u2066\u200f", "usergnp.exe"),
        ("in\u200bvisible\U000e0041", "invisible"),
        ("one\u2028two\x85three", "one two three"),
        ("lone \ud800 half", "lone  half"),
        ("kept:\ttab\nline é 漢 👩\u200d🔬", "kept:\ttab\nline é 漢 👩\u200d🔬"),
    ],
)
def test_what_a_terminal_would_obey_is_left_out(text: str, left: str) -> None:
    assert shown(text) == left


@given(st.text(st.characters(codec=None) | st.sampled_from("\x1b[]0;m\x07\x9b\u202e\r")))
def test_no_text_leaves_a_control_character(text: str) -> None:
    left = shown(text)
    kinds = {unicodedata.category(each) for each in left if each not in "\t\n"}
    assert not kinds & {"Cc", "Cs"}
    left.encode()


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_a_formula_is_marked_as_text(text: str) -> None:
    assert cell(text).startswith("'")


@pytest.mark.parametrize("text", NUMBERS)
def test_a_negative_number_in_a_text_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize("value", [-1, -0.5, 0, True, None, math.inf, -math.inf])
def test_numbers_stay_numbers(value: object) -> None:
    assert cell(value) is value


def test_an_escape_sequence_does_not_hide_a_formula() -> None:
    assert cell("\x1b[0m=1+1") == "'=1+1"
    assert cell("\ufeff=1+1") == "'=1+1"


def test_every_cell_of_csv_is_safe_also_those_of_its_header() -> None:
    text = csv_text([{"=name": "=1", "x": -0.5}, {"x": "a,b"}], ["=name", "x"])
    assert list(csv.reader(io.StringIO(text))) == [["'=name", "x"], ["'=1", "-0.5"], ["", "a,b"]]


def test_rows_may_follow_a_header_that_is_written_already() -> None:
    assert csv_text([{"x": 1}], ["x"], header=False) == "1\n"


def test_secrets_are_masked_before_a_cell_is_quoted() -> None:
    mask_with(lambda text: text.replace('pass"word', "***"))
    try:
        assert csv_text([{"x": 'a pass"word'}], ["x"]) == "x\na ***\n"
    finally:
        mask_with(hidden)
