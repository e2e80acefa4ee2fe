"""Zeros under a relative rule, and sentences at a margin."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.decision import Decision, Verdict
from airflow_hpo.comparison.number_format import amount, digits_apart
from airflow_hpo.comparison.report import markdown
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail, Scale
from airflow_hpo.core.objective import Objective
from tests.unit.comparison.evaluations import evaluated

COST, REVENUE = Objective("cost"), Objective("revenue", "maximize")
OLD = [10.0, 12.0, 11.0, 14.0, 13.0, 12.5, 9.0, 10.5]
NEW = [9.2, 10.9, 10.1, 12.9, 11.8, 11.3, 8.2, 9.6]


def relative(champion: list[float], new: list[float], improvement: float = 0.01) -> Decision:
    rule = ComparisonRule(min_improvement=improvement, scale="relative")
    return compare(evaluated("cost", {"champion": champion, "new": new}), COST, rule)


@pytest.mark.parametrize("zeros", [1, 2])
def test_zeros_of_the_champion_take_part_in_a_ratio_of_sums(zeros: int) -> None:
    champion, new = [0.0] * zeros + OLD[zeros:], [0.0] * zeros + NEW[zeros:]
    decision = relative(champion, new)
    assert decision.verdict is Verdict.PROMOTE
    effect = decision.challengers[0].improvement.effect.relative
    assert effect is not None
    assert effect.value == pytest.approx(1 - sum(new) / sum(champion))


def test_a_loss_where_the_champion_has_nothing_counts_in_full() -> None:
    assert relative([0.0, *OLD[1:]], [0.5, *NEW[1:]]).verdict is Verdict.PROMOTE
    assert relative([0.0, *OLD[1:]], [30.0, *NEW[1:]]).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("count", [8, 20])
def test_a_champion_of_zeros_alone_is_inconclusive_and_fails_nothing(count: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decision = relative([0.0] * count, [0.1 + step / 100 for step in range(count)])
        page = markdown(decision)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.challengers[0].improvement.effect.relative is None
    assert " % |" not in page


@pytest.mark.parametrize("scale", ["absolute", "relative"])
def test_a_guardrail_that_is_zero_for_both_holds(scale: str) -> None:
    frame = evaluated("cost", {"champion": OLD, "new": NEW}).assign(late=0.0)
    rule = ComparisonRule(guardrails={"late": Guardrail("minimize", 0.05, scale=scale)})
    assert compare(frame, COST, rule).verdict is Verdict.PROMOTE


def test_a_guardrail_that_leaves_zero_breaks_a_relative_margin() -> None:
    late = [0.0] * 8 + [1.0, 2.0, 1.5, 1.2, 1.1, 1.3, 1.6, 1.7]
    frame = evaluated("cost", {"champion": OLD, "new": NEW}).assign(late=late)
    decision = compare(frame, COST, ComparisonRule(guardrails={"late": Guardrail("minimize", 0.05, scale="relative")}))
    assert decision.verdict is Verdict.KEEP
    assert "makes late 1.425 worse, more than the 5 % allowed" in decision.sentence


def test_a_guardrail_of_both_signs_is_not_shown_and_says_what_to_declare() -> None:
    late = [-1.0, 2.0, 1.5, -1.2, 1.1, 1.3, 1.6, 1.7] * 2
    frame = evaluated("cost", {"champion": OLD, "new": NEW}).assign(late=late)
    decision = compare(frame, COST, ComparisonRule(guardrails={"late": Guardrail("minimize", 0.05, scale="relative")}))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "late stays within bounds was not shown: the champion's late has both signs" in decision.sentence


@settings(max_examples=150, deadline=None)
@given(
    champion=st.lists(st.floats(0, 1e6).filter(lambda v: v == 0 or v > 1e-3), min_size=5, max_size=20),
    # Differences that are almost nothing have a test of their own, below.
    shares=st.lists(st.floats(-1, 1).filter(lambda v: v == 0 or abs(v) > 1e-9), min_size=20, max_size=20),
)
def test_no_champion_without_a_sign_fails_a_comparison(champion: list[float], shares: list[float]) -> None:
    new = [old * (1 + share) + share for old, share in zip(champion, shares)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decision = relative(champion, new)
        markdown(decision)
    claim = decision.challengers[0].improvement
    if claim.effect.relative and not claim.doubt and decision.evidence.repeated == ():
        level = decision.challengers[0].level
        assert (claim.effect.relative.low > claim.threshold + 1e-9) <= (claim.p_value <= level)


@pytest.mark.parametrize("size", [5e-324, 1e-160, 6.3e-233])
@pytest.mark.parametrize("champion", [[0.0] * 5, [float(day) for day in range(13)]])
def test_differences_that_are_almost_nothing_fail_no_comparison(champion: list[float], size: float) -> None:
    for sign in (-1, 1):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            decision = relative(champion, [old + sign * size for old in champion])
            assert markdown(decision)


@settings(max_examples=200, deadline=None)
@given(limit=st.floats(1e-4, 100), part=st.floats(1e-9, 1e-3), scale=st.sampled_from(list(Scale)))
def test_a_size_never_looks_like_the_limit_that_it_misses(limit: float, part: float, scale: Scale) -> None:
    for value in (limit * (1 - part), limit * (1 + part)):
        digits = digits_apart(value, limit, scale)
        assert amount(value, scale, digits) != amount(limit, scale, digits)


def test_a_sentence_at_the_margin_does_not_contradict_itself() -> None:
    champion = [1000.0, 1010.0, 990.0, 1005.0, 995.0]
    decision = relative(champion, [950.05, 959.6, 940.51, 954.77, 945.27], 0.05)
    assert decision.verdict is Verdict.KEEP
    assert "not to be better by 5 % (its cost is 4.996 % better" in decision.sentence
    frame = evaluated("cost", {"champion": OLD, "new": NEW})
    frame["late"] = [100.0, 101.0, 99.0, 100.5, 99.5, 100.0, 98.0, 102.0] * 2
    frame.loc[8:, "late"] *= np.array([1.0501, 1.0502, 1.0501, 1.0502, 1.0501, 1.0502, 1.0501, 1.0502])
    broken = compare(frame, COST, ComparisonRule(guardrails={"late": Guardrail("minimize", 0.05, scale="relative")}))
    found = re.search(r"makes late (\S+) % worse, more than the (\S+) % allowed", broken.sentence)
    assert found
    assert float(found[1]) > float(found[2])


def test_a_p_value_at_its_level_is_told_apart_in_the_report() -> None:
    decision = compare(evaluated("cost", {"champion": OLD, "new": NEW}), COST, ComparisonRule(alpha=0.00389))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "| 0.00391 | ≤ 0.00389 | inconclusive |" in markdown(decision)


def test_few_large_losses_are_said_beside_the_confidence() -> None:
    wins = [5.0 + step / 10 for step in range(19)]
    champion = [100.0 + step for step in range(20)]
    new = [old - win for old, win in zip(champion, [*wins, -6.0])]
    decision = relative(champion, new, 0.0)
    assert decision.verdict is Verdict.PROMOTE
    assert "The confidence may be less than stated, because cost won a little" in decision.sentence
    assert "new: The confidence may be less than stated" in markdown(decision)
    assert "The confidence" not in relative(champion[:19], new[:19], 0.0).sentence
