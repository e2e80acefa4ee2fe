from __future__ import annotations

import math

import pandas as pd
import pytest

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.number_format import amount, change, percent
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail, Scale
from airflow_hpo.core.objective import Objective
from tests.unit.comparison.evaluations import evaluated

REVENUE = Objective("revenue", "maximize")
DAYS = [90.0, 110.0, 95.0, 105.0, 98.0, 102.0]
STEPS = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]


def moved(by: float, spread: float = 1.0) -> list[float]:
    return [day + by + step * spread for day, step in zip(DAYS, STEPS)]


def said(frame: pd.DataFrame, rule: ComparisonRule | None = None) -> str:
    return compare(frame, REVENUE, rule or ComparisonRule()).sentence


def revenue(**values: list[float]) -> pd.DataFrame:
    return evaluated("revenue", {"champion": DAYS} | values)


def test_a_promotion_says_how_much_better_and_how_sure() -> None:
    rule = ComparisonRule(min_improvement=0.01, scale="relative", guardrails={"wait": Guardrail("minimize", 5.0)})
    assert said(revenue(new=moved(3)).assign(wait=1.0), rule) == (
        "Promote 'new': over 6 scenarios its revenue is 3.25 % better than the champion's, with 95 % confidence by at "
        "least 3.05 %, where 1 % was asked; wait (one value in every scenario) stayed within bounds."
    )


def test_keeping_says_that_the_best_is_not_good_enough() -> None:
    assert said(revenue(new=moved(-3))) == (
        "Keep the champion: 'new' was shown not to be as good (its revenue is 2.75 worse over 6 scenarios)."
    )
    assert said(revenue(a=moved(1), b=moved(0.5)), ComparisonRule(min_improvement=2.0)) == (
        "Keep the champion: none of 2 challengers qualifies; the best, 'a', was shown not to be better by 2 "
        "(its revenue is 1.25 better over 6 scenarios)."
    )


def test_keeping_says_which_guardrail_broke() -> None:
    frame = revenue(new=moved(3)).assign(wait=[1.0] * 6 + [4.0] * 6)
    assert said(frame, ComparisonRule(guardrails={"wait": Guardrail("minimize", 2.0)})) == (
        "Keep the champion: 'new' makes wait 3 worse, more than the 2 allowed "
        "(its revenue is 3.25 better over 6 scenarios)."
    )


def test_inconclusive_says_what_chance_leaves_open_and_what_may_follow() -> None:
    assert said(revenue(new=moved(-2, 10)), ComparisonRule(looks=1)) == (
        "Inconclusive, so the champion stays: 'new' has a revenue 0.5 better over 6 scenarios, but by chance alone it "
        "could be anything from 1 worse to 2 better."
    )
    assert said(revenue(new=moved(0, 4)), ComparisonRule(min_improvement=1.0)).endswith(
        "could be anything from 0.4 better to 1.6 better, where 1 was asked."
    )
    assert said(revenue(new=moved(-2, 10)), ComparisonRule(looks=2)).endswith(
        "over 6 scenarios, and so few cannot show anything: 8 are needed. "
        "More evaluations may be ordered: this was look 1 of 2."
    )


def test_inconclusive_names_a_guardrail_that_was_not_shown() -> None:
    frame = revenue(new=moved(3)).assign(wait=[1.0] * 6 + [1.0, 9.0, 1.0, 6.0, 1.0, 1.0])
    assert said(frame, ComparisonRule(guardrails={"wait": Guardrail("minimize", 2.0)})).endswith(
        "but that wait stays within bounds was not shown."
    )


def test_one_scenario_is_singular() -> None:
    assert "over 1 scenario, and so few" in said(evaluated("revenue", {"champion": [1.0], "new": [2.0]}))


@pytest.mark.parametrize(
    ("value", "scale", "words"),
    [
        (0.0234, Scale.RELATIVE, "2.34 % better"),
        (-1.5, Scale.ABSOLUTE, "1.5 worse"),
        (0.0, Scale.ABSOLUTE, "equal"),
        (1234567.0, Scale.ABSOLUTE, "1.235e+06 better"),
    ],
)
def test_an_effect_in_words(value: float, scale: Scale, words: str) -> None:
    assert change(value, scale) == words
    assert amount(value, scale) in words or value == 0


@pytest.mark.parametrize(
    ("p", "words"), [(0.95, "95 %"), (0.99996, "99.99 %"), (1 - 0.05 / 3, "98.33 %"), (1.0, "100 %")]
)
def test_a_probability_is_not_rounded_up_to_certainty(p: float, words: str) -> None:
    assert percent(p) == words


def test_infinite_bounds_leave_everything_open() -> None:
    frame = evaluated("revenue", {"champion": DAYS[:5], "new": moved(0, 5)[:5]})
    decision = compare(frame, REVENUE, ComparisonRule(alpha=0.001, looks=2), look=1)
    assert math.isinf(decision.challengers[0].improvement.effect.absolute.low)
    assert "13 are needed" in decision.sentence
