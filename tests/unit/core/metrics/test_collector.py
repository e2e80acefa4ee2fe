from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import File, Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError

OUTPUT = "step=1 loss=0.5\r\nnaïve loss=\nstep=2 loss=0.25\rstep=2 loss=9\nstep=3 loss=1e-3".encode()


@given(st.lists(st.integers(min_value=0, max_value=len(OUTPUT))))
def test_pieces_of_any_size_measure_the_same(cuts: list[int]) -> None:
    collector = Collector(Stdout(), Objective("loss"))
    edges = [0, *sorted(cuts), len(OUTPUT)]
    for start, end in pairwise(edges):
        collector.feed(OUTPUT[start:end])
    collector.close()
    assert [(point.step, point.value) for point in collector.drain()] == [(1, 0.5), (2, 0.25), (3, 9.0), (4, 0.001)]
    assert collector.measure().value == 0.001


def test_feeding_returns_the_lines_for_the_log() -> None:
    collector = Collector(Stdout(), Objective("loss"))
    assert collector.feed(b"a\nb\nc") == ["a", "b"]
    assert collector.close() == ["c"]


def test_a_missing_metric_is_explained_by_the_source_and_the_last_lines() -> None:
    collector = Collector(File("out.log"), Objective("loss"))
    collector.note = "The file never appeared."
    collector.feed(b"starting\n\nfinished\n")
    with pytest.raises(TrialFailedError, match=r"3 lines of the file 'out.log'.* never appeared.*starting \| finished"):
        collector.measure()


def test_lines_split_elsewhere_are_read_alike() -> None:
    collector = Collector(Stdout(timestamps=True), Objective("loss"))
    collector.add_line("2026-10-01T12:00:00.5Z loss=3")
    (point,) = collector.drain()
    assert point.time is not None
    assert point.time.isoformat() == "2026-10-01T12:00:00.500000+00:00"


CUT = [
    pytest.param(Stdout(), b"loss=0.9 " + b"x " * 40_000 + b"loss=0.5", id="beyond"),
    pytest.param(Stdout(), b"x" * 65_520 + b" loss= 0.123456789", id="in two"),
    pytest.param(Stdout(), b"x " * 32_766 + b"loss=0.5", id="a name in two"),
    pytest.param(Stdout(format="json"), b'{"x": "' + b"x" * 80_000 + b'", "loss": 0.5}', id="JSON"),
]


@pytest.mark.parametrize(("source", "line"), CUT)
def test_a_value_in_the_lost_end_of_a_line_is_never_passed_over(source: Stdout, line: bytes) -> None:
    collector = Collector(source, Objective("loss"))
    collector.feed(b'loss=0.1\n{"loss": 0.1}\n' + line[:70_000])
    collector.feed(line[70_000:] + b"\n")
    with pytest.raises(TrialFailedError, match="must be read whole"):
        collector.measure()


def test_a_long_line_without_the_metric_costs_nothing() -> None:
    collector = Collector(Stdout(), Objective("loss"))
    collector.feed(b"loss=0.1\n" + b"x " * 80_000 + b"\n")
    assert collector.measure().problems == ("1 line was too long and lost its end.",)


def test_a_value_after_the_lost_one_counts() -> None:
    collector = Collector(Stdout(), Objective("loss"))
    collector.feed(b"x " * 40_000 + b"loss=0.5\nloss=0.1\n")
    assert collector.measure().value == 0.1


KINDS = [
    ("train loss=0.1 val loss=0.9", "'val loss'"),
    ("loss=0.1\ntest loss=0.9", "'test loss'"),
    ("val loss=0.9\nloss=0.1", "'loss'"),
    ("epoch 3 | Validation loss=0.9 | loss=0.1", "'loss'"),
    ("loss=0.1\nval  loss=0.9", "'val loss'"),
    ("loss=0.5\nBest: loss=0.4 at epoch 3", "'Best loss'"),
    ("loss=0.5\nloss=0.4\naverage loss=0.45", "'average loss'"),
    ("loss=0.5\nkl loss=0.4", "'kl loss'"),
    ("loss=0.5\nkl + loss = 0.7", "'kl \\+ loss'"),
    ("loss=0.5\n* loss=0.5\n2*loss=1", "'2 \\* loss'"),
    ("loss=0.5\nworst  loss=0.9", "'worst loss'"),
    ("loss=0.5\nΔ loss=-0.1", "'Δ loss'"),
    ("batch loss=0.5\nepoch loss=0.4", "'epoch loss'"),
    ("loss=0.5\nresumed from loss=0.7", "'from loss'"),
    ("loss=0.5\nINFO Namespace(lr=0.1, loss=0.2)", r"'Namespace\(loss'"),
    ("train(loss=0.5) val(loss=0.6)", r"'val\(loss'"),
]


@pytest.mark.parametrize(("output", "named"), KINDS)
def test_a_name_with_a_blank_before_it_is_another_metric_than_the_one_before(output: str, named: str) -> None:
    collector = Collector(Stdout(), Objective("loss"))
    collector.feed(output.encode() + b"\n")
    with pytest.raises(TrialFailedError, match=f"belongs to {named}"):
        collector.measure()


ALIKE = [
    "val loss=0.9\nval loss=0.5",
    "epoch 3 loss=0.9\ndone, loss=0.5",
    "loss=0.9\nINFO loss=0.5",
    "interval loss=1\nloss=0.5",
    "initial loss=2.3\nloss=0.5",
    "epoch 3 loss=0.5 (best loss=0.4)",
    "best loss=0.6\nbest loss=0.5",
    "kl loss=0.6\nKL loss=0.5",
    "batch loss=0.6\nloss=0.5",
    "loss=0.5 | ema loss=0.6",
    "loss=0.6\nfinished with final loss=0.5",
    "took 3 s loss=0.6\ntook 2 m loss=0.5",
    "epoch 3 (loss=0.6)\nepoch(4) loss=0.5",
    "Metrics(loss=0.6)\nMetrics(lr=0.1, loss=0.5)",
]


@pytest.mark.parametrize("output", ALIKE)
def test_names_that_are_qualified_alike_are_one_metric(output: str) -> None:
    collector = Collector(Stdout(), Objective("loss"))
    collector.feed(output.encode() + b"\n")
    assert collector.measure().value == 0.5


TRAINED = "train loss=0.2, val loss=0.4\n"


def test_the_name_alone_is_the_metric_after_a_training_value() -> None:
    for before in (TRAINED, "val loss=0.4 train loss=0.2\n", "train loss=0.2\n"):
        collector = Collector(Stdout(), Objective("loss"))
        collector.feed(f"{before}{before}done, loss=0.3\n".encode())
        assert collector.measure().value == 0.3


def test_of_training_and_of_all_values_none_is_the_best() -> None:
    collector = Collector(Stdout(), Objective("loss", strategy="best"))
    collector.feed(f"{TRAINED}done, loss=0.3\n".encode())
    with pytest.raises(TrialFailedError, match="other values belong to 'train loss'"):
        collector.measure()


def test_a_declared_name_with_a_blank_is_told_from_the_one_without() -> None:
    collector = Collector(Stdout(), Objective("val loss", extra_metrics=["loss"]))
    collector.feed(b"loss=0.1 val loss=0.9\n")
    measured = collector.measure()
    assert (measured.value, measured.metrics) == (0.9, {"loss": 0.1})


def test_what_is_odd_without_a_result_is_said_too() -> None:
    collector = Collector(Stdout(), Objective("loss", extra_metrics=["accuracy"]))
    collector.feed(b"loss=high\n")
    assert collector.problems == ("'loss' was not a number once, first 'high' in the line 'loss=high'.",)
