from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airflow_hpo.comparison.alpha_spending import nominal_levels
from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.decision import Decision, Method, Verdict
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import DeclarationError
from tests.unit.comparison.evaluations import evaluated

REVENUE, COST = Objective("revenue", "maximize"), Objective("cost", "minimize")
DAYS = [100.0, 140.0, 90.0, 120.0, 110.0, 130.0, 95.0]
NOISE = [0.1, -0.2, 0.3, -0.1, 0.2, 0.0, -0.3]
NAN = math.nan


def better(by: float, days: list[float] = DAYS) -> list[float]:
    return [day + by + noise for day, noise in zip(days, NOISE)]


def decided(values: dict[str, list[float]], objective: Objective = REVENUE, **rule: Any) -> Decision:
    return compare(evaluated(objective.metric, {"champion": DAYS} | values), objective, ComparisonRule(**rule))


def with_latency(by: list[float]) -> pd.DataFrame:
    revenue = evaluated("revenue", {"champion": DAYS, "new": better(5)})
    return revenue.merge(evaluated("latency", {"champion": [20.0] * 7, "new": [20 + x for x in by]}))


def test_a_challenger_better_in_every_scenario_is_promoted() -> None:
    decision = decided({"new": better(5)})
    claim = decision.challengers[0].improvement
    assert (decision.verdict, decision.challenger) == (Verdict.PROMOTE, "new")
    assert claim.p_value == 1 / 128
    assert claim.effect.absolute.value == pytest.approx(5)
    assert claim.effect.relative is not None
    assert claim.effect.relative.value == pytest.approx(5 * 7 / sum(DAYS))
    assert decision.challengers[0].method is Method.SIGN_FLIP


def test_smaller_is_better_where_the_objective_says_so() -> None:
    assert decided({"new": better(-5)}, COST).verdict is Verdict.PROMOTE
    assert decided({"new": better(5)}, COST).verdict is Verdict.KEEP


@pytest.mark.parametrize(
    ("by", "verdict"), [(5.0, Verdict.PROMOTE), (1.5, Verdict.KEEP), (2.05, Verdict.INCONCLUSIVE)], ids=str
)
def test_the_minimum_improvement_must_be_exceeded(by: float, verdict: Verdict) -> None:
    assert decided({"new": better(by)}, min_improvement=2.0).verdict is verdict


def test_a_relative_improvement_is_a_share_of_the_champions_mean() -> None:
    values = {"new": [day * 1.03 + noise for day, noise in zip(DAYS, NOISE)]}
    assert decided(values, min_improvement=0.02, scale="relative").verdict is Verdict.PROMOTE
    assert decided(values, min_improvement=0.04, scale="relative").verdict is Verdict.KEEP
    assert decided(values, min_improvement=0.03, scale="relative").verdict is Verdict.INCONCLUSIVE


def test_a_relative_improvement_of_negative_scores_is_towards_the_better() -> None:
    frame = evaluated(
        "revenue", {"champion": [-day for day in DAYS], "new": [-day * 0.9 + n for day, n in zip(DAYS, NOISE)]}
    )
    decision = compare(frame, REVENUE, ComparisonRule(min_improvement=0.05, scale="relative"))
    assert decision.verdict is Verdict.PROMOTE
    assert decision.challengers[0].improvement.effect.on(decision.rule.scale).value == pytest.approx(0.1)


def test_a_relative_improvement_over_values_of_both_signs_is_inconclusive_and_says_what_to_declare() -> None:
    frame = evaluated("revenue", {"champion": [-1, 1, 2, 3, 4], "new": [1, 2, 3.5, 4, 5]})
    decision = compare(frame, REVENUE, ComparisonRule(scale="relative", looks=2))
    assert (decision.verdict, decision.next_look) == (Verdict.INCONCLUSIVE, None)
    assert "the champion's revenue has both signs" in decision.sentence
    assert "scale='absolute'" in decision.sentence
    absolute = compare(frame, REVENUE, ComparisonRule())
    assert absolute.challengers[0].improvement.effect.relative is None
    assert absolute.verdict is Verdict.PROMOTE


@pytest.mark.parametrize("pairs", [1, 2, 3, 4])
def test_too_few_pairs_are_inconclusive_however_large_the_difference(pairs: int) -> None:
    frame = evaluated("revenue", {"champion": DAYS[:pairs], "new": better(1000)[:pairs]})
    decision = compare(frame, REVENUE, ComparisonRule(min_pairs=1))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "5 are needed" in decision.sentence


def test_fewer_pairs_than_the_rule_asks_for_decide_nothing() -> None:
    assert decided({"new": better(50)}, min_pairs=8).verdict is Verdict.INCONCLUSIVE
    assert decided({"new": better(-50)}, min_pairs=8).verdict is Verdict.INCONCLUSIVE
    assert "8 are needed" in decided({"new": better(50)}, min_pairs=8).sentence


def test_the_same_parameters_twice_are_never_promoted() -> None:
    decision = decided({"new": DAYS})
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.challengers[0].p_value == 1.0


def test_the_largest_effect_of_those_shown_is_promoted() -> None:
    decision = decided({"a": better(5), "b": better(9), "c": better(0)})
    assert [result.verdict for result in decision.challengers] == [
        Verdict.PROMOTE,
        Verdict.PROMOTE,
        Verdict.INCONCLUSIVE,
    ]
    assert decision.challenger == "b"


def test_every_further_challenger_asks_for_more_evidence() -> None:
    seven = {f"c{i}": better(5) for i in range(7)}
    assert decided({"new": better(5)}).challengers[0].level == pytest.approx(0.05)
    assert decided(seven).verdict is Verdict.INCONCLUSIVE  # 1/128 is above 0.05/7
    assert decided(seven).challengers[0].level == pytest.approx(0.05 / 7)


def test_one_doubtful_challenger_makes_keeping_inconclusive() -> None:
    assert decided({"a": better(-5), "b": better(-7)}).verdict is Verdict.KEEP
    assert decided({"a": better(-5), "b": better(0)}).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("latency", "verdict"),
    [
        ([1.0, 1.2, 0.8, 1.1, 0.9, 1.0, 1.05], Verdict.PROMOTE),
        ([3.0, 3.2, 2.8, 3.1, 2.9, 3.0, 3.05], Verdict.KEEP),
        ([0.0, 5.0, 0.1, 3.9, 0.2, 2.8, 0.3], Verdict.INCONCLUSIVE),
    ],
    ids=["holds", "broken", "not shown"],
)
def test_a_guardrail_must_be_shown_to_hold(latency: list[float], verdict: Verdict) -> None:
    rule = ComparisonRule(guardrails={"latency": Guardrail("minimize", 2.0)})
    decision = compare(with_latency(latency), REVENUE, rule)
    assert decision.verdict is verdict
    result = decision.challengers[0]
    assert result.improvement.shown
    assert result.guardrails[0].shown is (verdict is Verdict.PROMOTE)
    assert result.guardrails[0].refuted is (verdict is Verdict.KEEP)
    assert result.p_value == max(result.improvement.p_value, result.guardrails[0].p_value)
    assert "latency" in decision.sentence


def test_an_unchanged_guardrail_metric_holds() -> None:
    rule = ComparisonRule(guardrails={"latency": Guardrail("minimize", 0.01, scale="relative")})
    assert compare(with_latency([0.0] * 7), REVENUE, rule).verdict is Verdict.PROMOTE


def test_more_guardrails_make_it_harder_to_refute_by_chance() -> None:
    frame = with_latency([0.0] * 7).assign(memory=1.0)
    frame["revenue"] = evaluated("revenue", {"champion": DAYS, "new": [*better(-5)[:6], 100.0]})["revenue"]
    alone = compare(frame, REVENUE, ComparisonRule())
    rails = {name: Guardrail("minimize", 1.0) for name in ("latency", "memory")}
    watched = compare(frame, REVENUE, ComparisonRule(guardrails=rails))
    assert 0.05 / 3 < alone.challengers[0].improvement.p_contrary <= 0.05
    assert (alone.verdict, watched.verdict) == (Verdict.KEEP, Verdict.INCONCLUSIVE)


def test_a_guardrail_on_the_objective_itself_is_refused() -> None:
    with pytest.raises(DeclarationError, match="another metric than the objective"):
        decided({"new": DAYS}, guardrails={"revenue": Guardrail("maximize", 1.0)})


def test_a_comparison_that_lost_too_many_scenarios_decides_nothing() -> None:
    frame = evaluated("revenue", {"champion": [*DAYS, NAN, NAN, NAN], "new": [*better(5), 1.0, 1.0, 1.0]})
    decision = compare(frame, REVENUE, ComparisonRule(max_dropped=0.2))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "3 of 10 scenarios lack a result, more than 20 %" in decision.sentence
    assert compare(frame, REVENUE, ComparisonRule(max_dropped=0.3)).verdict is Verdict.PROMOTE


def test_a_challenger_that_mostly_fails_is_not_judged_and_the_others_are() -> None:
    decision = decided({"broken": [500.0] * 3 + [NAN] * 4, "new": better(5)})
    broken, new = decision.challengers
    assert (broken.judged, broken.verdict, broken.p_value) == (False, Verdict.INCONCLUSIVE, 1.0)
    assert new.level == pytest.approx(0.025)
    assert decision.challenger == "new"


def test_only_failing_challengers_are_inconclusive() -> None:
    decision = decided({"broken": [NAN] * 7})
    assert (decision.verdict, decision.challenger) == (Verdict.INCONCLUSIVE, None)
    assert "too many evaluations of 'broken' are missing" in decision.sentence


def test_a_champion_that_always_failed_leaves_nothing_to_compare() -> None:
    frame = evaluated("revenue", {"champion": [NAN] * 7, "new": DAYS})
    decision = compare(frame, REVENUE, ComparisonRule())
    assert (decision.verdict, decision.evidence.pairs) == (Verdict.INCONCLUSIVE, 0)
    assert "no scenario has a result of every candidate" in decision.sentence


def test_an_inconclusive_look_orders_the_next_until_there_is_none() -> None:
    frame = evaluated("revenue", {"champion": DAYS, "new": better(0)})
    rule = ComparisonRule(looks=2)
    assert compare(frame, REVENUE, rule, look=1).next_look == 2
    assert compare(frame, REVENUE, rule, look=2).next_look is None


def test_a_decided_comparison_orders_no_further_look() -> None:
    days = [day + month for month in range(4) for day in DAYS]
    new = [day + month * 1.1 for month in range(4) for day in better(5)]
    frame = evaluated("revenue", {"champion": days, "new": new})
    decision = compare(frame, REVENUE, ComparisonRule(looks=3))
    assert (decision.verdict, decision.next_look) == (Verdict.PROMOTE, None)


def test_each_look_has_its_level_for_both_verdicts() -> None:
    frame = evaluated("revenue", {"champion": DAYS, "new": better(5), "old": better(-5)})
    rule = ComparisonRule(looks=2)
    first, second = (compare(frame, REVENUE, rule, look=look) for look in (1, 2))
    levels = nominal_levels(0.025, (0.5, 1.0), rule.spending)
    assert first.challengers[0].level == pytest.approx(levels[0])
    assert first.verdict is Verdict.INCONCLUSIVE
    assert [result.verdict for result in first.challengers] == [Verdict.INCONCLUSIVE] * 2
    assert second.challengers[0].level == pytest.approx(levels[1])
    assert [result.verdict for result in second.challengers] == [Verdict.PROMOTE, Verdict.KEEP]


def test_uneven_looks_are_told_by_their_fractions() -> None:
    frame = evaluated("revenue", {"champion": DAYS, "new": better(5)})
    decision = compare(frame, REVENUE, ComparisonRule(looks=2), look=2, fractions=(0.7, 1.0))
    assert decision.challengers[0].level == pytest.approx(nominal_levels(0.05, (0.7, 1.0), decision.rule.spending)[1])


@pytest.mark.parametrize(("look", "fractions"), [(0, None), (3, None), (2, (0.5,)), (1, (0.5, 1.0))], ids=str)
def test_a_look_beyond_the_rule_is_refused(look: int, fractions: tuple[float, ...] | None) -> None:
    frame = evaluated("revenue", {"champion": DAYS, "new": better(5)})
    with pytest.raises(DeclarationError, match="look"):
        compare(frame, REVENUE, ComparisonRule(looks=2), look=look, fractions=fractions)


def test_the_named_variant_decides_and_the_table_shows_all() -> None:
    frame = pd.concat(
        [
            evaluated("revenue", {"champion": DAYS, "new": better(5)}, variant="model"),
            evaluated("revenue", {"champion": DAYS, "new": better(-9)}, variant="fallback"),
        ]
    )
    assert compare(frame, REVENUE, ComparisonRule(variant="model")).verdict is Verdict.PROMOTE
    assert compare(frame, REVENUE, ComparisonRule(variant="fallback")).verdict is Verdict.KEEP
    decision = compare(frame, REVENUE, ComparisonRule())
    assert decision.verdict is Verdict.KEEP
    assert decision.challengers[0].improvement.effect.absolute.value == pytest.approx(-2)
    table = {(row.variant, row.candidate): row for row in decision.variants}
    assert set(table) == {(v, c) for v in ("model", "fallback") for c in ("champion", "new")}
    assert table["fallback", "new"].mean == pytest.approx(np.mean(DAYS) - 9)
    effect = table["model", "new"].effect
    assert effect is not None
    assert effect.absolute.value == pytest.approx(5)
    assert table["model", "champion"].effect is None


def test_a_variant_that_nobody_ran_is_refused() -> None:
    frame = evaluated("revenue", {"champion": DAYS, "new": DAYS}, variant="model")
    with pytest.raises(DeclarationError, match="mean 'model'"):
        compare(frame, REVENUE, ComparisonRule(variant="modell"))


def test_many_pairs_are_judged_by_t_and_a_second_time_alike() -> None:
    days = [day + month for month in range(3) for day in DAYS]
    new = [day + month * 1.1 for month in range(3) for day in better(0.5)]
    frame = evaluated("revenue", {"champion": days, "new": new})
    decision = compare(frame, REVENUE, ComparisonRule())
    assert (decision.challengers[0].method, decision.verdict) == (Method.STUDENT, Verdict.PROMOTE)
    assert compare(frame.sample(frac=1, random_state=1), REVENUE, ComparisonRule()) == decision
