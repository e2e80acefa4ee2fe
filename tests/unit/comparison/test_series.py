from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.decision import Decision, Method, Verdict
from airflow_hpo.comparison.enough import more_needed
from airflow_hpo.comparison.estimation import estimate, p_above, sign_flip
from airflow_hpo.comparison.finalists import select
from airflow_hpo.comparison.order import Order, order_of
from airflow_hpo.comparison.report import as_data, markdown
from airflow_hpo.comparison.rule import ComparisonRule, Dependence, Guardrail
from airflow_hpo.comparison.series import series
from airflow_hpo.core.calendar import split
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.window import Period
from benchmarks.dependent_error_rates import (
    PROMISED,
    bikes,
    looked_at,
    on_weekdays,
    order_of_days,
    promoted,
    resembling,
)

COST = Objective("cost", "minimize")
MARCH = Period(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 4, 26, tzinfo=UTC))
DAYS = split(MARCH, "1d")
RESEMBLING = resembling(0.7)(np.random.default_rng(3), 1, len(DAYS))[0]


def decided(better_by: np.ndarray, scenarios: list[Scenario] = DAYS, wait: float = 1.0, **rule: object) -> Decision:
    champion = np.linspace(90, 110, len(better_by))
    names = [each.name for each in scenarios]
    frames = [
        pd.DataFrame({"candidate": name, "scenario": names, "cost": cost, "wait": wait + cost / 1000})
        for name, cost in (("champion", champion), ("new", champion - better_by))
    ]
    declared = ComparisonRule(**rule)  # type: ignore[arg-type]
    return compare(pd.concat(frames), COST, declared, order=order_of(scenarios, declared.dependence))


def test_days_that_resemble_each_other_are_worth_fewer_and_the_decision_says_how_many_and_why() -> None:
    decision = decided(RESEMBLING + 3)
    found = decision.challengers[0].improvement.effective
    assert found
    assert found.scenarios < 20
    assert f"over 56 scenarios, worth {found.scenarios:.0f} independent ones, its cost is" in decision.sentence
    why = f"worth {found.scenarios:.0f} independent ones because consecutive ones correlate by {found.correlation:.2f}"
    assert f"- new, cost: 56 scenarios in a row, {why}." in markdown(decision)
    assert decision.challengers[0].method is Method.SERIAL


def test_what_resembles_is_less_sure_than_the_same_values_as_a_list() -> None:
    days, listed = decided(RESEMBLING + 0.5), decided(RESEMBLING + 0.5, dependence="independent")
    assert days.challengers[0].p_value > 2 * listed.challengers[0].p_value
    assert "effective" not in as_data(listed)["challengers"][0]["improvement"]
    assert "dependence" not in as_data(days)["rule"]


def test_guardrails_and_keeping_count_days_for_what_they_are_worth_too() -> None:
    rule = {"guardrails": {"wait": Guardrail("minimize", 0.0025)}}
    days, listed = (decided(RESEMBLING - 0.8, **rule, dependence=how) for how in ("auto", "independent"))
    assert days.challengers[0].improvement.p_contrary > listed.challengers[0].improvement.p_contrary
    assert days.challengers[0].guardrails[0].p_value > listed.challengers[0].guardrails[0].p_value


def test_a_list_is_independent_unless_it_is_declared_to_be_a_series() -> None:
    names = [Scenario(f"region {number}") for number in range(8)]
    assert order_of(names, Dependence.AUTO) is None
    assert order_of(names, Dependence.SERIAL) == Order(tuple(each.name for each in names))
    assert order_of(DAYS, Dependence.INDEPENDENT) is None


def test_regions_of_one_period_are_no_series() -> None:
    assert order_of([Scenario(name, period=MARCH) for name in ("tokyo", "osaka")], Dependence.AUTO) is None


@pytest.mark.parametrize(
    ("every", "unit", "season"),
    [("1d", "day", "weekday"), ("1w", "week", ""), ("1h", "hour", "time of day"), ("6h", "scenario", "time of day")],
)
def test_a_window_that_is_cut_is_a_series_in_the_order_of_time(every: str, unit: str, season: str) -> None:
    zone = ZoneInfo("Europe/Berlin")  # Its clocks change within the window.
    window = Period(start=datetime(2026, 3, 1, tzinfo=zone), end=datetime(2026, 4, 12, tzinfo=zone))
    cut = split(window, every)
    order = order_of(cut[::-1], Dependence.AUTO)
    assert order
    assert (order.names, order.unit, order.season) == (tuple(each.name for each in cut), unit, season)


def test_the_order_is_that_of_time_and_not_of_names() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    named = [
        Scenario(name, period=Period(start=start + timedelta(days=day), end=start + timedelta(days=day + 1)))
        for day, name in enumerate("gbcaedfh")
    ]
    order = order_of(named, Dependence.AUTO)
    rising = series(np.arange(8.0)[np.argsort(list("gbcaedfh"))], tuple(sorted("gbcaedfh")), order)  # type: ignore[arg-type]
    assert rising
    assert rising.effective.correlation > 0.6


def test_the_correlation_is_that_of_its_sources() -> None:
    x, n = RESEMBLING[:20] - RESEMBLING[:20].mean(), 20
    order = Order(tuple(str(number) for number in range(n)))
    found = series(x, order.names, order)
    r = (n * (x[1:] @ x[:-1]) / (x @ x) + 8 / n) / (n - 4)  # Marriott and Pope (1954), with less of the bias
    assert found
    assert found.effective.correlation == pytest.approx(r)
    assert found.effective.scenarios == pytest.approx(n * (1 - r) / (1 + r))  # Bayley and Hammersley (1946)


@pytest.mark.parametrize("n", [5, 8, 12, 13, 30, 56])
def test_interval_and_test_of_a_series_agree(n: int) -> None:
    d, order = RESEMBLING[:n] + 2, order_of_days(n)
    worth, ones = series(d, order.names, order), np.ones(n)
    for level in (0.05, 0.2):
        found = estimate(d, ones, level, worth)
        for bound, p in ((found.low, p_above), (found.high, lambda d, w, theta, s: p_above(-d, w, -theta, s))):
            if math.isfinite(bound):
                step = -1e-6 if bound == found.low else 1e-6
                assert p(d, ones, bound + step, worth) <= level + 1e-9 < p(d, ones, bound - step, worth) + 2e-6


def test_five_clear_days_are_enough() -> None:
    d, order = np.array([1.0, 1.1, 0.95, 0.9, 1.05]), order_of_days(5)
    assert p_above(d, np.ones(5), 0.0, series(d, order.names, order)) <= 0.05


def test_few_days_never_show_more_than_as_many_independent_scenarios() -> None:
    d, order = np.array([1.0, 1.1, 0.9, 1.05, 0.95, 1.02]), order_of_days(6)
    assert p_above(d, np.ones(6), 0.0, series(d, order.names, order)) >= sign_flip(d)


@pytest.mark.parametrize("correlation", [0.3, 0.7])
@pytest.mark.parametrize("days", [8, 30])
def test_a_like_challenger_is_promoted_as_seldom_as_promised(days: int, correlation: float) -> None:
    promise, n = PROMISED[correlation], 600
    drawn = resembling(correlation)(np.random.default_rng([days, 1]), n, days)
    assert promoted(drawn).mean() <= promise + 3 * math.sqrt(promise * (1 - promise) / n)
    assert promoted(drawn, independent=True).mean() > promise + 0.01


def test_several_looks_at_the_same_days_keep_the_error_as_well() -> None:
    assert looked_at(resembling(0.7), resembling(0.7), 12, 2, 300, np.random.default_rng(2)) <= 0.12


def test_real_demand_keeps_the_error_as_well() -> None:
    assert promoted(bikes(10)(np.random.default_rng(4), 300, 28)).mean() <= 0.1


def test_differences_between_weekdays_do_not_make_the_test_deaf() -> None:
    rng, n, days = np.random.default_rng(5), 300, 28
    effect = 3 / math.sqrt(days)
    plain, weekly = (promoted(draw(rng, n, days) + effect) for draw in (resembling(0), on_weekdays(resembling(0))))
    assert weekly.mean() > plain.mean() - 0.1
    assert promoted(on_weekdays(resembling(0))(rng, n, days) + effect, independent=True).mean() < plain.mean() - 0.05


def test_too_little_is_inconclusive_and_says_how_many_more_days_would_be_enough() -> None:
    few, many = decided(RESEMBLING[:16] + 1.2, DAYS[:16]), decided(np.tile(RESEMBLING[:16], 3) + 1.2, DAYS[:48])
    assert few.verdict is Verdict.INCONCLUSIVE
    assert "more days in a row would be enough to show such a difference in four cases of five." in few.sentence
    result = few.challengers[0]
    more = more_needed([result.improvement], result.level, 16)
    assert more
    assert more < 160
    assert many.challengers[0].p_value < result.p_value


def test_days_that_are_worth_next_to_nothing_say_how_many_would_be_worth_something() -> None:
    decision = decided(np.sin(np.arange(20) / 6) - 1, DAYS[:20])
    assert "more days in a row would be worth the 5 that can show anything." in decision.sentence


def test_how_much_a_finalist_was_overstated_counts_its_days_for_what_they_are_worth() -> None:
    names = [each.name for each in DAYS]
    frame = pd.DataFrame({"candidate": "a", "scenario": names, "cost": RESEMBLING + 10})
    alone, row = (select(frame, {"a": 9.0}, COST, order=order) for order in (None, order_of(DAYS, Dependence.AUTO)))
    assert row.inflation.high - row.inflation.low > 1.5 * (alone.inflation.high - alone.inflation.low)
