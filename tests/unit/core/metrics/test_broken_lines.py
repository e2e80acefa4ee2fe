"""A number that another thread, or a flush in the middle, cut where its line ends."""

from __future__ import annotations

import pytest

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError


def value(text: str, metric: str = "loss", **options: str) -> float:
    collector = Collector(Stdout(**options), Objective(metric))
    collector.feed(text.encode())
    collector.close()
    return collector.measure().value


@pytest.mark.parametrize("format", ["text", "yaml", "keras", "csv", "xgboost", "lightgbm"])
def test_a_line_that_ends_after_a_point_has_half_a_number(format: str) -> None:
    line = {
        "text": "loss={}\n",
        "yaml": "loss: {}\n",
        "keras": "3/3 - 1s - loss: {}\n",
        "csv": "epoch,loss\n1,{}\n",
        "xgboost": "[1]\tloss:{}\n",
        "lightgbm": "[1]\tloss: {}\n",
    }[format]
    with pytest.raises(TrialFailedError, match="the line ends after its point"):
        value(line.format(0.9) + line.format("0."), format=format)
    assert value(line.format("0.") + line.format(0.9), format=format) == 0.9


@pytest.mark.parametrize(
    "text", ["loss=1.5\ne-3\n", "loss=0\n.5\n", "loss=\n0.5\n", "loss=-\n0.5\n", "acc=1 loss=0\n.5\n"]
)
def test_a_number_that_goes_on_in_the_next_line_is_none(text: str) -> None:
    with pytest.raises(TrialFailedError, match="the next line goes on with"):
        value("loss=0.9\n" + text)
    assert value(text + "loss=0.9\n") == 0.9


@pytest.mark.parametrize(
    "text", ["loss=0.9\n5\n", "loss=0.9\n\n.5\n", "loss=0.9\nE1129 21:19 w.cc] x\n", "loss=0.9\ny=\n5\n"]
)
def test_a_line_that_is_no_rest_of_a_number_changes_nothing(text: str) -> None:
    assert value(text) == 0.9
