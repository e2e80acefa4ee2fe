from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.metrics.visible import visible
from airflow_hpo.core.objective import Objective


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        pytest.param("loss=1", ["loss=1"], id="plain"),
        pytest.param("\x1b[1;32mloss\x1b[0m=\x1b[38:5:1m1\x1b[0m.5", ["loss=1.5"], id="colours"),
        pytest.param("\x1b]0;title\x07loss=1", ["loss=1"], id="title"),
        pytest.param("\x1b]8;;http://x\x1b\\loss=1", ["loss=1"], id="link"),
        pytest.param("\ufeffloss=1", ["loss=1"], id="mark of byte order"),
        pytest.param("loss=10\b\b9.5", ["loss=9.5"], id="backspaces"),
        pytest.param("loss=0.9\x1b[3D0.3", ["loss=0.3"], id="cursor moved back"),
        pytest.param("loss=1\x1b[2K\x1b[1Gloss=2", ["loss=1", "", "loss=2"], id="erased"),
        pytest.param("a\x1b[Kloss=2", ["a", "loss=2"], id="erased to the end"),
    ],
)
def test_a_line_is_what_a_terminal_shows(line: str, texts: list[str]) -> None:
    assert visible(line) == texts


@given(st.text(alphabet="ab1=\b\x1b[;mK\ufeff] ", max_size=40))
def test_nothing_of_an_escape_sequence_is_left(line: str) -> None:
    assert not set("".join(visible(line))) & set("\x1b\b\ufeff")


@pytest.mark.parametrize(
    ("format", "data", "value"),
    [
        pytest.param("json", '\x1b[34m{"loss"\x1b[0m: \x1b[32m0.5\x1b[0m}\n', 0.5, id="coloured json"),
        pytest.param("json", '\ufeff{"loss": 0.5}\n', 0.5, id="json after a mark of byte order"),
        pytest.param("text", "\ufeffloss=0.5\n", 0.5, id="text after a mark of byte order"),
        pytest.param("text", "loss=0.512\rloss=0.4\n", 0.4, id="carriage return"),
        pytest.param("text", "loss=0.512" + "\b" * 10 + "loss=0.400\n", 0.4, id="backspaces"),
        pytest.param("text", "loss=\x1b[31m1\x1b[0m.5\n", 1.5, id="half a number in red"),
    ],
)
def test_metrics_are_read_from_what_is_shown(format: str, data: str, value: float) -> None:
    collector = Collector(Stdout(format=format), Objective("loss"))
    collector.feed(data.encode())
    assert collector.measure().value == value
