from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.metrics import thinned_curve as curve_module
from airflow_hpo.core.metrics.measurement import LinesRead
from airflow_hpo.core.metrics.point import MetricPoint, Rejected
from airflow_hpo.core.metrics.series import MetricSeries
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError

LAST = Objective("loss")
BEST = Objective("loss", strategy="best")
MEAN = Objective("loss", strategy="mean", window=2)


def series(objective: Objective, *values: float, limit: int = 1000) -> MetricSeries:
    made = MetricSeries(objective, limit)
    made.add(MetricPoint(objective.metric, value) for value in values)
    return made


@pytest.mark.parametrize(
    ("objective", "value"),
    [
        pytest.param(LAST, 4.0, id="last"),
        pytest.param(BEST, 1.0, id="least"),
        pytest.param(Objective("loss", "maximize", strategy="best"), 5.0, id="greatest"),
        pytest.param(MEAN, 3.0, id="mean of the last two"),
    ],
)
def test_the_strategy_says_which_value_counts(objective: Objective, value: float) -> None:
    assert series(objective, 5.0, 1.0, 2.0, 4.0).measure().value == value


@pytest.mark.parametrize(
    ("objective", "value"), [pytest.param(BEST, 1.0, id="best"), pytest.param(MEAN, 2.0, id="mean")]
)
def test_values_that_are_not_finite_are_skipped_by_best_and_mean(objective: Objective, value: float) -> None:
    assert series(objective, 1.0, math.nan, 3.0, -math.inf).measure().value == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_last_value_that_is_not_finite_fails_the_trial(value: float) -> None:
    with pytest.raises(TrialFailedError, match=r"'loss' must be finite, .* at step 2") as failed:
        series(LAST, 1.0, value).measure()
    assert failed.value.kind == "program"


@pytest.mark.parametrize("objective", [BEST, MEAN], ids=["best", "mean"])
def test_a_trial_with_nothing_finite_fails(objective: Objective) -> None:
    with pytest.raises(TrialFailedError, match="must be finite"):
        series(objective, math.nan, math.nan).measure()


def test_a_mean_that_overflows_fails_the_trial() -> None:
    with pytest.raises(TrialFailedError, match="must be finite"):
        series(MEAN, 1.7e308, 1.7e308).measure()


def test_a_missing_objective_says_what_was_read_and_how() -> None:
    made = MetricSeries(LAST)
    made.add([Rejected("loss", "high"), MetricPoint("other", 1.0)])
    with pytest.raises(TrialFailedError) as failed:
        made.measure(LinesRead("the output read by the default filter", 7, tail=("done", "bye")))
    for part in ("'loss'", "'high'", "default filter", "7 lines", "done | bye"):
        assert part in failed.value.reason


def test_values_without_a_step_are_counted_from_one() -> None:
    assert [point.step for point in series(LAST, 5.0, 6.0).drain()] == [1, 2]


def test_a_value_without_a_step_follows_the_greatest_step() -> None:
    made = MetricSeries(LAST)
    made.add([MetricPoint("loss", 1.0, 10), MetricPoint("loss", 2.0, 3), MetricPoint("loss", 3.0)])
    assert [point.step for point in made.drain()] == [10, 3, 11]


def test_a_step_that_comes_again_counts_and_is_shown_after_the_greatest() -> None:
    made = MetricSeries(LAST)
    made.add([MetricPoint("loss", 1.0, 0), MetricPoint("loss", 2.0, 0)])
    measured = made.measure()
    assert measured.value == 2.0
    assert [(point.step, point.value) for point in made.drain()] == [(0, 1.0), (1, 2.0)]
    assert any("once for a step it had" in problem for problem in measured.problems)


def test_the_same_line_printed_twice_is_shown_once() -> None:
    made = MetricSeries(LAST)
    made.add([MetricPoint("loss", 1.0, 0), MetricPoint("loss", 1.0, 0), MetricPoint("loss", 0.5, 1)])
    assert [(point.step, point.value) for point in made.drain()] == [(0, 1.0), (1, 0.5)]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([0, 0, 0], id="always 0"),
        pytest.param([1, 2, 1], id="a second fold"),
        pytest.param([None, 1, 1], id="counted and named"),
        pytest.param([5, 10, 3], id="an earlier step at the end"),
        pytest.param([2**31 - 1, None, 2**31 - 1], id="the greatest step"),
    ],
)
@pytest.mark.parametrize(("objective", "value"), [(LAST, 3.0), (BEST, 1.0), (MEAN, 2.5)], ids=["last", "best", "mean"])
def test_what_counts_does_not_depend_on_steps(steps: list[int | None], objective: Objective, value: float) -> None:
    made = MetricSeries(objective)
    made.add(MetricPoint("loss", each, step) for each, step in zip([1.0, 2.0, 3.0], steps, strict=True))
    assert made.measure().value == value


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.none() | st.integers(0, 4)), min_size=1),
    st.sampled_from([LAST, BEST, MEAN]),
)
def test_the_value_is_that_of_the_stream_without_steps(
    points: list[tuple[float, int | None]], objective: Objective
) -> None:
    made = MetricSeries(objective)
    made.add(MetricPoint("loss", *point) for point in points)
    assert made.measure().value == pytest.approx(objective.of([value for value, _ in points]))


def test_extra_metrics_count_with_their_last_value() -> None:
    made = MetricSeries(Objective("loss", strategy="best", extra_metrics=["acc", "time", "size"]))
    made.add([MetricPoint(*p) for p in [("loss", 1.0), ("acc", 0.5), ("acc", 0.4), ("time", math.nan)]])
    measured = made.measure()
    assert measured.metrics == {"acc": 0.4}
    assert any("'time' is left out" in problem for problem in measured.problems)
    assert any("'size' was never reported" in problem for problem in measured.problems)


def test_problems_name_what_was_rejected() -> None:
    made = series(LAST, 1.0)
    made.add([Rejected("loss", "abc"), Rejected("loss", "def")])
    assert any("2 times, first 'abc'" in problem for problem in made.measure().problems)


def test_problems_name_lines_that_were_cut() -> None:
    assert any("3 lines" in problem for problem in series(LAST, 1.0).measure(LinesRead("x", 9, cut=3)).problems)


def test_drain_gives_every_point_once() -> None:
    made = series(LAST, 1.0)
    assert [point.value for point in made.drain()] == [1.0]
    assert made.drain() == []


def test_a_long_series_is_thinned_but_measured_from_every_value() -> None:
    made = series(BEST, *range(100_000, 0, -1), limit=100)
    points = made.drain(final=True)
    assert len(points) < 100 * (1 + math.log2(1000))
    assert [point.step for point in points[:100]] == list(range(1, 101))
    assert points[-1].step == 100_000
    assert made.measure().value == 1.0


def test_thinning_leaves_growing_gaps_at_places_that_depend_on_nothing_else() -> None:
    first, second = (series(LAST, *range(5000), limit=8).drain() for _ in range(2))
    gaps = [b.step - a.step for a, b in pairwise(first)]
    assert gaps == sorted(gaps)
    assert first == second


def test_memory_of_steps_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve_module, "STEPS_REMEMBERED", 3)
    made = MetricSeries(LAST)
    made.add(MetricPoint("loss", float(step), step) for step in [1, 5, 9, 4, 9, 12])
    assert [point.step for point in made.drain()] == [1, 5, 9, 10, 11, 12]


@given(
    st.lists(st.tuples(st.floats(), st.none() | st.integers(min_value=0, max_value=9))),
    st.sampled_from([LAST, BEST, MEAN]),
)
def test_measuring_gives_a_finite_value_or_fails_as_a_program(
    points: list[tuple[float, int | None]], objective: Objective
) -> None:
    made = MetricSeries(objective)
    made.add(MetricPoint("loss", value, step) for value, step in points)
    so_far = made.so_far()
    if so_far is None:
        with pytest.raises(TrialFailedError) as failed:
            made.measure()
        assert failed.value.kind == "program"
    else:
        assert math.isfinite(so_far.value)
        assert made.measure() == so_far


@given(st.lists(st.none() | st.integers(min_value=0, max_value=9)), st.integers(min_value=1, max_value=3))
def test_no_step_is_ever_given_twice(steps: list[int | None], limit: int) -> None:
    made = MetricSeries(LAST, limit)
    made.add(MetricPoint("loss", 1.0, step) for step in steps)
    drained = [point.step for point in made.drain(final=True)]
    assert len(drained) == len(set(drained))


def test_a_value_after_the_greatest_step_counts_and_is_told() -> None:
    series = MetricSeries(Objective("loss"))
    series.add([MetricPoint("loss", 1.0, 2**31 - 1), MetricPoint("loss", 2.0)])
    assert [point.step for point in series.drain(final=True)] == [2**31 - 1]
    assert series.measure().value == 2.0
    assert series.problems() == ["'loss' came once after step 2**31 - 1, the last one of a series; every value counts."]
