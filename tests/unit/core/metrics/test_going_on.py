"""A reader that goes on where another one stopped, because what that one has read is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.series import MetricSeries
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import FailureKind, TrialFailedError

OBJECTIVES = {
    "last": Objective("loss"),
    "best": Objective("loss", strategy="best"),
    "greatest": Objective("loss", direction="maximize", strategy="best"),
    "mean": Objective("loss", strategy="mean", window=3),
    "extra": Objective("acc", "maximize", extra_metrics=["loss"], strategies={"loss": "mean"}),
    "least": Objective("acc", "maximize", extra_metrics=["loss"], strategies={"loss": "min"}),
}
VALUES = [5.0, 0.01, 7.0, float("nan"), 3.0, 3.0, 50.0]
LINES = [f"step={i // 2} loss={value} acc={i}" for i, value in enumerate(VALUES)]
GAP = "The lines of 3 s of its log are lost."


def collector(objective: Objective, **source: Any) -> Collector:
    return Collector(Stdout(**source), objective)


def gone_on(before: Collector, objective: Objective, steps: dict[str, list[int]], **source: Any) -> Collector:
    """A reader in another process that knows what is stored."""
    after = collector(objective, **source)
    after.resume(json.loads(json.dumps(before.kept())), steps)
    return after


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@pytest.mark.parametrize("cut", range(len(LINES) + 1))
def test_a_reader_that_goes_on_gives_what_one_that_read_all_gives(objective: Objective, cut: int) -> None:
    whole, before = collector(objective), collector(objective)
    for line in LINES:
        whole.add_line(line)
    for line in LINES[:cut]:
        before.add_line(line)
    points = before.drain()
    steps: dict[str, list[int]] = {}
    for point in points:
        steps.setdefault(point.name, []).append(point.step)
    after = gone_on(before, objective, steps)
    for line in LINES[cut:]:
        after.add_line(line)
    assert repr([*points, *after.drain(final=True)]) == repr(whole.drain(final=True))
    assert after.measure() == whole.measure()


def test_counted_steps_and_thinning_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MetricSeries.__init__, "__defaults__", (4,))
    objective = OBJECTIVES["last"]
    whole, before = collector(objective), collector(objective)
    lines = [f"loss={i}" for i in range(20)]
    for line in lines:
        whole.add_line(line)
    for line in lines[:10]:
        before.add_line(line)
    points = before.drain()
    after = gone_on(before, objective, {"loss": [point.step for point in points]})
    for line in lines[10:]:
        after.add_line(line)
    assert [*points, *after.drain(final=True)] == whole.drain(final=True)


CONTEXTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "csv": ({"format": "csv"}, ["epoch,loss", "1,0.5", "2,0.4", "", "name,score", "x,1", "3,0.3"]),
    "yaml": ({"format": "yaml"}, ["step: 3", "loss: 0.5", "step: 4", "other:", "  loss: 1", "loss: 0.4"]),
    "keras": (
        {"format": "keras"},
        ["Epoch 4/9", " 1/8 - loss: 9", " 8/8 - loss: 0.5", "Epoch 7/9", " 8/8 - loss: 0.4"],
    ),
    "two data sets": ({}, ["train: loss=1", "Val: loss=0.5", "train: loss=0.1"]),
    "two kinds": ({}, ["train loss=0.5", "train loss=0.4", "loss=3"]),
    "units": ({}, ["loss=99 cents", "loss=1.20 EUR"]),
    "a filter": ({"filter": r"(loss)[=:] ([0-9.]+)"}, ["loss= 0.5", "loss: 0.4", "loss= none", "loss= 1,5"]),
}


@pytest.mark.parametrize(("source", "lines"), CONTEXTS.values(), ids=CONTEXTS)
def test_a_line_means_what_it_means_to_one_that_read_all(source: dict[str, Any], lines: list[str]) -> None:
    objective = OBJECTIVES["best"]
    whole = collector(objective, **source)
    for line in lines:
        whole.add_line(line)
    points = whole.drain()
    for cut in range(1, len(lines)):
        before = collector(objective, **source)
        for line in lines[:cut]:
            before.add_line(line)
        read = before.drain()
        after = gone_on(before, objective, {"loss": [point.step for point in read]}, **source)
        for line in lines[cut:]:
            after.add_line(line)
        assert [*read, *after.drain()] == points
        assert after.series.oddities() == whole.series.oddities()


@pytest.mark.parametrize(("name", "after"), [("last", 0), ("best", 9), ("greatest", 9), ("mean", 2)])
def test_a_gap_that_may_hold_the_value_that_counts_leaves_no_result(name: str, after: int) -> None:
    reader = collector(OBJECTIVES[name])
    reader.add_line("loss=1")
    reader.series.gap(GAP)
    for i in range(after):
        reader.add_line(f"loss={i}")
    with pytest.raises(TrialFailedError, match="3 s of its log are lost") as raised:
        reader.measure()
    assert raised.value.kind is FailureKind.INFRASTRUCTURE
    assert reader.so_far() is None


@pytest.mark.parametrize(("name", "after"), [("last", 1), ("mean", 3)])
def test_a_gap_before_the_values_that_count_is_only_noted(name: str, after: int) -> None:
    reader = collector(OBJECTIVES[name])
    reader.series.gap(GAP)
    for _ in range(after):
        reader.add_line("loss=2")
    assert (reader.measure().value, reader.measure().problems) == (2.0, (GAP,))


def test_an_extra_metric_that_may_stand_in_a_gap_is_left_out() -> None:
    reader = collector(OBJECTIVES["least"])
    reader.add_line("acc=1 loss=1")
    reader.series.gap(GAP)
    reader.add_line("acc=2 loss=2")
    assert reader.measure().metrics == {}
    assert "The extra metric 'loss' is left out: The lines of 3 s of its log are lost." in reader.measure().problems


def test_a_gap_goes_on_too() -> None:
    objective = OBJECTIVES["best"]
    before = collector(objective)
    before.add_line("loss=1")
    before.series.gap(GAP)
    with pytest.raises(TrialFailedError, match="lost"):
        gone_on(before, objective, {}).measure()
