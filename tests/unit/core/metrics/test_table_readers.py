"""Rows, keys and objects from which a number could be taken that is another column's, or a part of the value."""

from __future__ import annotations

import pytest

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError


def value(format: str, text: str) -> float:
    collector = Collector(Stdout(format=format), Objective("loss"))
    collector.feed(text.encode())
    collector.close()
    return collector.measure().value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("epoch,loss,acc\n1,0,5,0,9\n", id="decimal commas"),
        pytest.param("loss,acc\nfirst,0.5,0.9\nlast,0.4,0.8\n1,0.4,0.8\n", id="names of rows without a header"),
        pytest.param("epoch,loss,acc\n1,0.5,0.9\n0.3,0.8\n", id="a cell is missing"),
    ],
)
def test_a_row_with_other_cells_than_the_header_gives_no_value(text: str) -> None:
    with pytest.raises(TrialFailedError, match=r"the row has \d cells and the header \d"):
        value("csv", text)


def test_a_row_that_ends_with_a_delimiter_has_no_more_cells() -> None:
    assert value("csv", "epoch,loss\n1,0.5,\n") == 0.5


def test_text_between_the_rows_is_no_row() -> None:
    assert value("csv", "epoch,loss,acc\n1,0.5,0.9\nsaved, see the folder\n") == 0.5


def test_a_key_within_a_block_of_text_is_none() -> None:
    assert value("yaml", "loss: 0.5\nlog: |\n  loss: 0.9\n") == 0.5


def test_a_list_of_numbers_is_not_passed_over() -> None:
    with pytest.raises(TrialFailedError, match="it is a list"):
        value("json", '{"loss": 0.9}\n{"loss": [0.7, 0.5]}\n')
