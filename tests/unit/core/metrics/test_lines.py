from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.metrics.lines import LineSplitter

PIECES = st.lists(
    st.one_of(st.binary(max_size=12), st.sampled_from([b"\r", b"\n", b"\r\n", b"a=1 ", b"\xff", b"\xc3"]))
)


def split(*pieces: bytes, limit: int = 65536) -> list[str]:
    splitter = LineSplitter(limit)
    return [line for piece in pieces for line in splitter.feed(piece)] + splitter.flush()


@given(PIECES, st.integers(min_value=1, max_value=20))
def test_any_chunking_of_the_bytes_gives_the_same_lines(pieces: list[bytes], limit: int) -> None:
    assert split(*pieces, limit=limit) == split(b"".join(pieces), limit=limit)


@given(PIECES)
def test_lines_are_those_of_universal_newlines(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    text = data.decode(errors="replace").replace("\0", "\ufffd")
    expected = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert split(*pieces) == (expected if expected[-1] else expected[:-1])


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        pytest.param(b"10%\r20%\rloss=1\n", ["10%", "20%", "loss=1"], id="progress bar"),
        pytest.param(b"a\r\nb\r\n", ["a", "b"], id="windows"),
        pytest.param(b"a\n\nb", ["a", "", "b"], id="empty line"),
        pytest.param(b"caf\xe9\n", ["caf\ufffd"], id="latin-1"),
        pytest.param(b"a\0b\n", ["a\ufffdb"], id="NUL"),
        pytest.param("naïve".encode(), ["naïve"], id="unfinished last line"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_lines_end_where_people_see_them_end(data: bytes, lines: list[str]) -> None:
    assert split(data) == lines


def test_a_line_of_megabytes_keeps_its_head_and_is_counted() -> None:
    splitter = LineSplitter(limit=20)
    lines = splitter.feed(b"loss=0.5 " + b"x" * 3_000_000) + splitter.feed(b"\nnext\n")
    assert lines == ["loss=0.5 … [2999989 bytes more]", "next"]
    assert splitter.cut == 1


def test_a_number_is_never_cut_in_two() -> None:
    assert split(b"a loss=0.12345\n", limit=11)[0].startswith("a …")


def test_a_line_as_long_as_the_limit_is_whole() -> None:
    assert split(b"12345\n", limit=5) == ["12345"]


@pytest.mark.parametrize("names", [[], ["val/loss", "train/loss", "accuracy"]])
def test_the_memory_of_a_line_without_end_is_bounded(names: list[str]) -> None:
    splitter = LineSplitter(limit=20, names=names)
    tracemalloc.start()
    for _ in range(200):
        splitter.feed(b"x" * 10_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200_000


def test_a_line_that_lost_its_end_names_every_metric_that_may_have_stood_there() -> None:
    splitter = LineSplitter(limit=4, names=["val/loss", "train/loss", "accuracy"])
    assert splitter.feed(b"abcd lo") == []
    [line] = splitter.feed(b"ss=1\n")
    assert line.endswith('bytes more with "train/loss", "val/loss"]')
