"""A filter of the user's that takes half of a number never makes a trial complete with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError

LAZY = {"loss": r"loss=([0-9.]+)"}


def measure(*lines: str, objective: Objective | None = None, **source: Any) -> Measurement:
    collector = Collector(Stdout(**source), objective or Objective("loss"))
    collector.feed("".join(f"{line}\n" for line in lines).encode())
    return collector.measure()


@pytest.mark.parametrize(
    ("filter", "line"),
    [
        pytest.param({"loss": r"loss=([0-9.]+)"}, "loss=1.5e-3", id="exponent"),
        pytest.param({"loss": r"loss=(\d+)"}, "loss=1.5", id="fraction"),
        pytest.param({"loss": r"loss=\D*([0-9.]+)"}, "loss=-0.5", id="sign"),
        pytest.param({"loss": r"loss=-?([0-9.]+)"}, "loss=-0.5", id="sign let pass"),
        pytest.param({"loss": r"loss=.?([0-9.]+)"}, "loss=–0.5", id="dash for a sign"),
        pytest.param({"loss": r"loss = \D*([0-9.]+)"}, "loss = - 0.5", id="sign and blank"),
        pytest.param({"loss": r"([0-9.]+)$"}, "loss 1,234.5", id="thousands, tail"),
        pytest.param({"loss": r"loss (\d+)"}, "loss 1,234.5", id="thousands, head"),
        pytest.param({"loss": r"loss (\d+)"}, "loss 1'234", id="apostrophe"),
        pytest.param({"loss": r"loss (\d+)"}, "loss 1\u00a0234", id="no-break blank"),
        pytest.param({"loss": r"loss (\d+)"}, "loss 45/50", id="ratio"),
        pytest.param({"loss": r"loss (\d+)"}, "loss 45 / 50", id="ratio with blanks"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 3.2×10^-4", id="power of ten"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 3.2 x 10^-4", id="power of ten with blanks"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 3.2×10-4", id="power of ten without a mark"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 1.5 e-3", id="exponent after a blank"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 1.#INF", id="windows"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 0x1F", id="hexadecimal"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 35ms", id="unit"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 850 ms", id="unit after a blank"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 45 out of 50", id="ratio in words"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 0.9 -> 0.5", id="arrow"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 0.9 improved to 0.5", id="a change in words"),
        pytest.param({"loss": r"loss (\S+)"}, "loss 95 %", id="percent"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 95%", id="percent without a blank"),
        pytest.param({"loss": r"loss (\S+)"}, "loss 0.", id="the line ends after the point"),
        pytest.param({"loss": r"loss (\d+)"}, "loss 0.", id="the line ends after the point, not taken"),
        pytest.param({"loss": r"loss ([\d]+)"}, "loss 1..5", id="range"),
        pytest.param({"loss": r"loss ([\d.]+)"}, "loss 0.[INFO] alive", id="text in the middle"),
        pytest.param({"loss": r"loss ([\d.]+).*"}, "loss 1.5e-3 done", id="the rest let pass"),
        pytest.param({"loss": r"loss ([\d.]+)\b"}, "loss 1.5e-3", id="word boundary"),
        pytest.param({"loss": r"loss (-?\d+)(\.\d+)?"}, "loss 1.5", id="fraction in a group of its own"),
        pytest.param({"loss": r"loss=([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"}, "loss=nan", id="nan, in katib's way"),
        pytest.param({"loss": r"loss=(\S+)"}, "val_loss=0.5", id="longer name"),
        pytest.param({"loss": r"loss=(\S+)"}, "val/loss=0.5", id="longer path"),
        pytest.param({"loss": r".*loss: (\S+)"}, "loss: 0.5 - val_loss: 0.6", id="greedy"),
        pytest.param(r"([a-z]+)=(\S+)", "val_loss=0.5", id="half of a name"),
        pytest.param({"loss": r"loss=(\S+)"}, "loss=0.5s", id="text"),
        pytest.param({"loss": r"loss=(\S+)"}, "loss=tensor(0.5)", id="tensor"),
    ],
)
def test_half_a_number_or_name_fails_the_attempt_with_its_line(filter: Any, line: str) -> None:
    with pytest.raises(TrialFailedError) as failed:
        measure("loss=7 loss 7 loss: 7", line, filter=filter)
    assert repr(line) in failed.value.reason or repr(line)[1:-1] in failed.value.reason
    assert failed.value.kind == "program"


@pytest.mark.parametrize(
    ("filter", "line", "value"),
    [
        pytest.param({"loss": r"loss=(\d+)ms"}, "loss=35ms", 35.0, id="unit that is demanded"),
        pytest.param({"loss": r"correct (\d+)/\d+"}, "correct 45/50", 45.0, id="ratio that is demanded"),
        pytest.param({"loss": r"val_loss=(\S+)"}, "val_loss=0.5", 0.5, id="longer name that is demanded"),
        pytest.param({"loss": r"(?:train|val)_loss=(\S+)"}, "val_loss=0.5", 0.5, id="one of two names"),
        pytest.param({"loss": r"\w+_loss=(\S+)"}, "val_loss=0.5", 0.5, id="any prefix that is demanded"),
        pytest.param({"loss": r"eval-rmse-([\d.]+)"}, "eval-rmse-0.5", 0.5, id="a dash that is demanded"),
        pytest.param({"loss": r"loss=([\d.]+)"}, "loss=0.5, acc=1", 0.5, id="comma and blank"),
        pytest.param({"loss": r"loss=([\d.]+)"}, "loss=0.5.", 0.5, id="end of a sentence"),
        pytest.param({"loss": r"loss=([\d.]+)%"}, "loss=95%", 95.0, id="percent that is demanded"),
        pytest.param({"loss": r"loss=(\d+)\.$"}, "loss=95.", 95.0, id="a point that is demanded"),
        pytest.param({"loss": r"^\d+,([\d.]+)"}, "3,0.5,0.9", 0.5, id="a row of a table"),
        pytest.param({"loss": r"loss=([\d,.]+)"}, "loss=1,234.5", 1234.5, id="thousands taken whole"),
        pytest.param(
            {"loss": r"{name: (\w+), value: (?P<value>-?\d+(\.\d+)?)}"}, "{name: loss, value: 3}", 3, id="katib"
        ),
        pytest.param(r"val_(\w+)=(\S+)", "val_loss=0.5", 0.5, id="a prefix of every name"),
        pytest.param([r"(\w+)=(\d+)", r"(\w+)=(\S+)"], "loss=1.5e-3", 0.0015, id="another filter reads it whole"),
    ],
)
def test_what_the_filter_demands_beside_the_number_was_meant(filter: Any, line: str, value: float) -> None:
    assert measure(line, filter=filter).value == value


def test_the_error_names_a_filter_that_reads_the_line() -> None:
    with pytest.raises(TrialFailedError) as failed:
        measure("epoch 3 loss: 1.5e-3", filter={"loss": r"loss: ([0-9.]+)"})
    filter = failed.value.reason.split("Stdout(filter=")[1].split(") reads")[0]
    assert measure("epoch 3 loss: 1.5e-3", filter=eval(filter)).value == 0.0015


def test_the_error_names_a_filter_with_the_unit_of_the_line() -> None:
    with pytest.raises(TrialFailedError, match=r"goes on after '850'") as failed:
        measure("latency=850 ms", objective=Objective("latency"))
    filter = failed.value.reason.split("Stdout(filter=")[1].split(") reads")[0]
    assert measure("latency=850 ms", objective=Objective("latency"), filter=eval(filter)).value == 850.0


def test_a_later_whole_number_counts_and_the_half_one_is_a_problem() -> None:
    measured = measure("loss=1.5e-3", "loss=0.25", filter=LAZY)
    assert measured.value == 0.25
    assert any("'loss=1.5e-3'" in problem and " once," in problem for problem in measured.problems)


def test_a_form_that_the_filter_passes_over_is_not_forgotten() -> None:
    with pytest.raises(TrialFailedError, match=r"loss=nan.*passes it over"):
        measure("loss=0.5", "loss=nan", filter=LAZY)
    with pytest.raises(TrialFailedError, match=r"loss=-0.5.*passes it over"):
        measure("loss=0.5", "loss=-0.5", filter=LAZY)


def test_a_form_that_is_passed_over_is_not_forgotten_beside_another_metric() -> None:
    objective = Objective("loss", extra_metrics=["acc"])
    with pytest.raises(TrialFailedError, match=r"loss=nan.*passes it over"):
        measure("loss=0.5 acc=0.9", "loss=nan acc=0.9", objective=objective, filter=r"(\w+)=([0-9.]+)")


def test_lines_that_the_filter_leaves_out_on_purpose_stay_out() -> None:
    filter = {"loss": r"^val .*loss=(\S+)"}
    assert measure("val loss=0.5", "train loss=nan", filter=filter).value == 0.5


@pytest.mark.parametrize(
    ("objective", "outcome"),
    [
        pytest.param(Objective("loss", strategy="best"), None, id="best: it may be better"),
        pytest.param(Objective("loss", strategy="mean", window=3), None, id="mean: within the window"),
        pytest.param(Objective("loss", strategy="mean", window=2), 0.375, id="mean: before the window"),
        pytest.param(Objective("loss"), 0.25, id="last: before the last"),
    ],
)
def test_a_half_number_matters_where_it_would_have_counted(objective: Objective, outcome: float | None) -> None:
    lines = ["loss=1", "loss=1.5e-3", "loss=0.5", "loss=0.25"]
    if outcome is None:
        with pytest.raises(TrialFailedError, match="read whole"):
            measure(*lines, objective=objective, filter=LAZY)
    else:
        assert measure(*lines, objective=objective, filter=LAZY).value == outcome


@pytest.mark.parametrize("word", ["val", "best", "average"])
def test_a_filter_does_not_take_a_name_with_a_word_before_it_for_the_same(word: str) -> None:
    lines = ("loss: 0.9", f"{word} loss: 0.5")
    with pytest.raises(TrialFailedError, match=f"belongs to '{word} loss'") as failed:
        measure(*lines, filter={"loss": r"loss: (\S+)"})
    filter = failed.value.reason.split("Stdout(filter=")[1].split(") reads the line")[0]
    assert measure(*lines, filter=eval(filter)).value == 0.5
    assert measure(f"loss: 0.9 ({word} loss: 0.5)", filter={"loss": r"^loss: (\S+)"}).value == 0.9


@pytest.mark.parametrize(
    "text", ["50%", "50 %", "50 percent", "3.5 million", "90 km", "3 min", "900 kWh", "1234.5-", "5 x 1e-3", "5 (e-3)"]
)
def test_a_unit_that_no_filter_names_gives_no_value(text: str) -> None:
    for filter in (None, {"acc": r"acc=(\S+)"}):
        with pytest.raises(TrialFailedError, match="read whole"):
            measure(f"acc={text}", objective=Objective("acc", direction="maximize", goal=0.9), filter=filter)


def test_of_one_line_with_a_unit_and_one_without_neither_is_lost() -> None:
    with pytest.raises(TrialFailedError, match=r"was '0.94'.*the filter passes it over"):
        measure("acc=93%", "acc=0.94", objective=Objective("acc", "maximize"), filter={"acc": r"acc=(\d+)%"})
    assert measure("acc=93%", "acc=0.94", objective=Objective("acc", "maximize")).value == 0.94


def test_a_longer_name_that_is_no_better_leaves_the_best_alone() -> None:
    best = Objective("loss", strategy="best")
    assert measure("loss=0.5 val_loss=0.6", objective=best, filter={"loss": r"loss=(\S+)"}).value == 0.5
    with pytest.raises(TrialFailedError, match="val_loss"):
        measure("loss=0.5 val_loss=0.4", objective=best, filter={"loss": r"loss=(\S+)"})


def test_an_extra_metric_read_by_half_is_left_out() -> None:
    measured = measure(
        "loss=1 acc=1.5e-3",
        objective=Objective("loss", extra_metrics=["acc"]),
        filter={"loss": r"loss=(\S+)", "acc": r"acc=([0-9.]+)"},
    )
    assert measured.metrics == {}
    assert any("'acc' is left out" in problem for problem in measured.problems)


def test_two_whole_readings_are_a_note() -> None:
    for source in ({}, {"filter": {"loss": r"loss=(\d+)"}}):
        measured = measure("loss=1 234.5", **source)
        assert measured.value == 1.0
        assert any("'1 234.5'" in problem for problem in measured.problems)


@pytest.mark.parametrize(
    "text",
    [
        "1,000",
        "0,5",
        "45/50",
        "45 / 50",
        "1.5.2",
        "0.5ms",
        "- 0.5",
        "tensor(0.5)",
        "1e",
        "'0.5'",
        "1\u00a0000,5",
        "½",
        "3.2·10-4",
        "1 e-3",
        "850 ms",
        "1.2 M",
        "45 of 50",
        "0.9 -> 0.5",
        "0.9→0.5",
        "0.9 ==> 0.5",
        "0.9 improved to 0.5",
        "0.9 went down to 0.5",
        "0.9, now 0.5",
        "0.9 to 0.5",
        "0.9 (dropped to 0.5)",
        "0.4~0.5",
        "0.",
        "0.1..0.5",
        "0.[INFO] alive",
        "0.1 + 0.2 = 0.3",
        "0.5 - 0.2 = 0.3",
        "kl + ce = 0.3",
        "improved to 0.3",
        "about 0.3",
        "EUR 3.50",
        "AverageMeter(val=0.5, avg=0.6)",
        "{'mse': 0.5}",
        "<tf.Tensor: shape=(), dtype=float32, numpy=0.5>",
    ],
)
def test_the_default_filter_does_not_guess(text: str) -> None:
    with pytest.raises(TrialFailedError, match="read whole"):
        measure("loss=7", f"loss={text}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3.2×10^-4", 3.2e-4),
        ("1,234.5", 1234.5),
        ("1'234", 1234.0),
        ("1\u00a0234.5", 1234.5),
        ("0.5", 0.5),
        ("0.5 s=3", 0.5),
        ("5., done", 5.0),
        ("0.5, learning rate reduced to 0.001", 0.5),
        ("0.5, improved from 0.9", 0.5),
        ("0.5 saved to 3 files", 0.5),
        ("0.5 - 3 s - acc=0.9", 0.5),
        ("0.5 (best 0.4)", 0.5),
        ("12 dB", 12.0),
    ],
)
def test_the_default_filter_reads_what_has_one_reading(text: str, value: float) -> None:
    assert measure("loss=7", f"loss={text}").value == value


def test_an_infinity_of_windows_fails_as_one() -> None:
    with pytest.raises(TrialFailedError, match="must be finite"):
        measure("loss=1.#INF")


@pytest.mark.parametrize("text", ["decreasing", "mse lr=0.1", "<function f at 0x7f>", "pending (3 left)"])
def test_a_word_after_the_last_value_is_no_value(text: str) -> None:
    assert measure("loss=0.5", f"loss={text}").value == 0.5


@pytest.mark.parametrize("filter", [None, {"loss": r"loss=(\S+)"}])
def test_a_value_in_another_unit_than_those_before_is_not_the_value(filter: Any) -> None:
    assert measure("loss=3 points", "loss=1 point (12 dB)", filter=filter).value == 1.0
    with pytest.raises(
        TrialFailedError, match=r"its unit is 'EUR', and 'cents' in lines before. Print all values in one"
    ):
        measure("loss=99 cents", "loss=1.20 EUR", filter=filter)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [r"loss=([0-9.]+)", r"loss=(\d+)", r"loss=(-?\d+\.?\d*)", r"loss=-?([\d.]+)", r"loss=\D*(\d+)", r"([\d.]+)$"]
    ),
    st.sampled_from(["{!r}", "{:g}", "{:.3e}", "{:,}", "{:+f}", "{:_}"]),
)
def test_whatever_the_filter_takes_the_value_is_right_or_the_attempt_fails(
    value: float, filter: str, form: str
) -> None:
    text = form.format(value)
    try:
        measured = measure("loss=1", f"loss={text}", filter={"loss": filter})
    except TrialFailedError:
        return
    assert measured.value in (value, float(text.replace(",", "")))
