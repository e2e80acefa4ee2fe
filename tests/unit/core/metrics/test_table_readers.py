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


SECOND_TABLE = "which may be the header of another table"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("epoch,loss,loss\n1,0.9,0.5\n", "the header has 2 columns 'loss'", id="a column twice"),
        pytest.param("epoch,loss\n1,0.9\nname,size\na,12\n", SECOND_TABLE, id="another table"),
        pytest.param("epoch,loss\n1,0.9\n\nthe name,the size\na,12\n", SECOND_TABLE, id="another table after a gap"),
        pytest.param("epoch,loss\n1,0.9\ntest_loss,acc\n0.3,12\n", SECOND_TABLE, id="a summary below"),
        pytest.param("loss\n0.9\nacc\n0.5\n", SECOND_TABLE, id="tables of one column"),
        pytest.param("epoch,loss\n1,0.9\nmean,0.9\nstd,0.01\n", "the row is named 'std'", id="statistics below"),
        pytest.param("epoch,loss\n1,0.9\nTotal,3.5\n", "the row is named 'Total'", id="a sum below"),
        pytest.param("epoch,loss\n1,0.9\n2\n", "the row has 1 cells and the header 2", id="a row that was cut"),
    ],
)
def test_a_cell_that_may_be_another_columns_gives_no_value(text: str, why: str) -> None:
    with pytest.raises(TrialFailedError, match=why):
        value("csv", text)
    assert value("csv", f"{text}epoch,loss\n3,0.4\n") == 0.4


@pytest.mark.parametrize(
    ("text", "right"),
    [
        pytest.param("epoch,loss,acc\n1,0.9,0.5\n\nepoch,acc,loss\n1,0.6,0.4\n", 0.4, id="columns in another order"),
        pytest.param("epoch,loss,monitor\n1,0.9,loss\n2,0.5,loss\n", 0.5, id="a cell that is the metric's name"),
        pytest.param("epoch,loss\n1,0.9\nfinal,0.5\n", 0.5, id="a last row with a name"),
        pytest.param("epoch,loss\n1,0.9\nsaved, see below\n2,0.5\n", 0.5, id="text with a comma"),
        pytest.param("epoch,loss\n1,0.9\ndone\n2,0.5\n", 0.5, id="a word"),
        pytest.param("epoch,loss\nnan,nan\n2,0.5\n", 0.5, id="a row without numbers"),
        pytest.param("epoch,loss\n1,0.9\nNone,None\n2,0.5\n", 0.5, id="a row of nothing"),
    ],
)
def test_the_column_of_the_last_header_counts(text: str, right: float) -> None:
    assert value("csv", text) == right


def test_a_table_with_a_metric_a_row_has_no_column_of_it() -> None:
    with pytest.raises(TrialFailedError, match="gave none"):
        value("csv", "step,metric,value\n1,loss,0.5\n2,loss,0.4\n")
