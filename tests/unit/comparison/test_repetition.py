"""What is one measurement counted several times is no evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.decision import Decision, Doubt, Verdict
from airflow_hpo.comparison.first_champion import first_champion
from airflow_hpo.comparison.report import markdown
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.objective import Objective
from tests.unit.comparison.evaluations import evaluated

COST = Objective("cost")
OLD = [10.2517, 12.5033, 11.1291, 14.7519, 13.3707, 12.6263, 9.5029, 10.8771]
STEPS = [0.3, -0.2, 0.1, -0.1, 0.2, 0.0, -0.3, 0.15]
NEW = [old - 1 - step for old, step in zip(OLD, STEPS)]
ASKED = "does the program use its scenario and its seed?"


def decided(champion: list[float], new: list[float], **rule: Any) -> Decision:
    return compare(evaluated("cost", {"champion": champion, "new": new}), COST, ComparisonRule(**rule))


def doubt_of(decision: Decision) -> Doubt | None:
    return decision.challengers[0].improvement.doubt


def test_what_is_measured_anew_in_every_scenario_is_promoted() -> None:
    assert decided(OLD, NEW).verdict is Verdict.PROMOTE


@pytest.mark.parametrize(
    ("champion", "new", "doubt"),
    [
        ([3.0] * 8, [2.0] * 8, Doubt.CHAMPION_CONSTANT),
        ([3.0] * 30, [2.0] * 30, Doubt.CHAMPION_CONSTANT),
        ([15.0] * 8, NEW, Doubt.CHAMPION_CONSTANT),
        (OLD, [9.0] * 8, Doubt.CHALLENGER_CONSTANT),
        ([1.0] * 8, [1.0] * 8, Doubt.SAME_VALUES),
        (OLD, OLD, Doubt.SAME_VALUES),
        (OLD, [old + 1e-15 for old in OLD], Doubt.SAME_VALUES),
        (OLD, [old - 1 for old in OLD], Doubt.SAME_DIFFERENCE),
        (OLD, [old * 0.9 for old in OLD], Doubt.SAME_DIFFERENCE),
        (OLD, [round(old - 1 + step / 1e5, 6) for old, step in zip(OLD, STEPS)], Doubt.SAME_DIFFERENCE),
        ([0.1 + day for day in range(8)], [0.3 + day for day in range(8)], Doubt.SAME_DIFFERENCE),
    ],
    ids=[
        "neither reacts",
        "thirty times",
        "the champion does not react",
        "the challenger does not react",
        "saturated",
        "parameters unused",
        "the same but for rounding",
        "one amount",
        "one share",
        "one amount, printed",
        "one amount of large parts",
    ],
)
def test_one_measurement_is_inconclusive_whatever_its_number_and_asked_about(
    champion: list[float], new: list[float], doubt: Doubt
) -> None:
    for direction in ("minimize", "maximize"):
        frame = evaluated("cost", {"champion": champion, "new": new})
        decision = compare(frame, Objective("cost", direction), ComparisonRule(looks=3))
        assert (decision.verdict, decision.next_look, doubt_of(decision)) == (Verdict.INCONCLUSIVE, None, doubt)
        assert ASKED in decision.sentence
        assert (
            f"- No evidence: {'the' if doubt not in (Doubt.SAME_VALUES, Doubt.CHALLENGER_CONSTANT) else repr('new')}"
            in (markdown(decision))
        )


def test_a_margin_makes_no_evidence_of_what_is_none() -> None:
    for rule in ({"min_improvement": 0.5}, {"min_improvement": 0.01, "scale": "relative"}):
        assert decided(OLD, [old - 1 for old in OLD], **rule).verdict is Verdict.INCONCLUSIVE
        assert decided(OLD, OLD, **rule).verdict is Verdict.INCONCLUSIVE


def test_a_challenger_that_is_no_evidence_lowers_no_bar_for_the_others() -> None:
    frame = evaluated("cost", {"champion": OLD, "new": NEW, "odd": [old - 2 for old in OLD]})
    decision = compare(frame, COST, ComparisonRule(alpha=0.006))
    assert decision.challengers[0].level == pytest.approx(0.003)
    assert decision.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("times", [2, 3, 5])
def test_copies_of_the_same_pairs_are_inconclusive(times: int) -> None:
    decision = decided(OLD * times, NEW * times, looks=2)
    assert (decision.verdict, decision.next_look) == (Verdict.INCONCLUSIVE, None)
    assert (decision.evidence.pairs, len(decision.evidence.repeated)) == (8, 8 * times - 8)
    assert f"{8 * times - 8} of {8 * times} scenarios" in decision.sentence
    assert ASKED in decision.sentence
    assert "Repeat the values of another scenario and count once: day 08" in markdown(decision)


def test_copies_of_rounded_values_are_seen_when_each_pair_has_one() -> None:
    champion, new = [0.91, 0.92, 0.90, 0.93], [0.94, 0.97, 0.92, 0.95]
    assert decided(new * 5, champion * 5).verdict is Verdict.INCONCLUSIVE


def test_a_single_repeated_pair_counts_once_and_is_named() -> None:
    decision = decided([*OLD, OLD[0]], [*NEW, NEW[0]])
    assert (decision.verdict, decision.evidence.repeated) == (Verdict.PROMOTE, ("day 08",))
    assert "1 of 9 scenarios (day 08) repeat the values of another one and count once" in decision.sentence


def test_counts_and_shares_of_small_test_sets_repeat_by_chance() -> None:
    rng = np.random.default_rng(3)
    for size in (1, 3, 20, 60):
        base = rng.uniform(0.5, 0.9, 30)
        champion, new = rng.binomial(size, base) / size, rng.binomial(size, np.minimum(base + 0.1, 1)) / size
        decision = decided(champion.tolist(), new.tolist())
        assert decision.evidence.repeated == ()
        assert doubt_of(decision) is None


def test_scenarios_in_which_nothing_differs_are_no_copies() -> None:
    decision = decided([*OLD, *[0.0] * 5], [*NEW, *[0.0] * 5])
    assert (decision.evidence.repeated, decision.evidence.pairs) == ((), 13)


def test_one_value_in_every_scenario_is_a_property_where_a_guardrail_watches_it_and_said() -> None:
    frame = evaluated("cost", {"champion": OLD, "new": NEW}).assign(size=[20.0] * 8 + [21.0] * 8)
    decision = compare(frame, COST, ComparisonRule(guardrails={"size": Guardrail("minimize", 2.0)}))
    assert decision.verdict is Verdict.PROMOTE
    assert "size (one value in every scenario) stayed within bounds" in decision.sentence


def replicated(champion: list[list[float]], new: list[list[float]]) -> pd.DataFrame:
    pairs = enumerate(zip(champion, new))
    return pd.concat([evaluated("cost", {"champion": c, "new": n}, replicate=r) for r, (c, n) in pairs])


def test_replicates_that_are_all_equal_leave_the_scenarios_as_pairs_and_are_said() -> None:
    decision = compare(replicated([OLD] * 3, [NEW] * 3), COST, ComparisonRule())
    assert (decision.verdict, decision.evidence.pairs, decision.evidence.replicates) == (Verdict.PROMOTE, 8, 3)
    assert decision.challengers[0].p_value == decided(OLD, NEW).challengers[0].p_value
    assert "All replicates of a scenario gave the same value" in decision.sentence
    other = compare(replicated([OLD, [old + 0.1 for old in OLD]], [NEW, NEW]), COST, ComparisonRule())
    assert not other.evidence.seed_ignored


def test_a_program_that_knows_only_the_replicate_is_no_evidence() -> None:
    decision = compare(replicated([[3.0] * 8, [3.5] * 8], [[2.0] * 8, [2.7] * 8]), COST, ComparisonRule())
    assert (decision.verdict, doubt_of(decision)) == (Verdict.INCONCLUSIVE, Doubt.CHAMPION_CONSTANT)


def test_one_scenario_says_nothing_of_repetition() -> None:
    assert doubt_of(decided([1.0], [2.0], min_pairs=1)) is None


def test_the_first_champion_is_asked_about_when_every_scenario_has_one_value() -> None:
    found = first_champion(evaluated("cost", {"a": [3.0] * 4}), COST, ComparisonRule())
    assert found.verdict is Verdict.PROMOTE
    assert ASKED in found.sentence
    assert ASKED not in first_champion(evaluated("cost", {"a": OLD}), COST, ComparisonRule()).sentence


continuous = st.floats(-100, 100, allow_nan=False).map(lambda value: value + 0.123456789)


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(st.tuples(continuous, continuous), min_size=2, max_size=8, unique=True),
    times=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_repeating_every_pair_never_promotes(pairs: list[tuple[float, float]], times: int, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(pairs) * times)
    champion, new = np.array(pairs * times)[order].T
    for direction in ("minimize", "maximize"):
        frame = evaluated("cost", {"champion": champion.tolist(), "new": new.tolist()})
        decision = compare(frame, Objective("cost", direction), ComparisonRule())
        assert decision.verdict is not Verdict.PROMOTE


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 30), digits=st.integers(1, 12))
def test_independent_measurements_are_never_taken_for_copies_of_all(seed: int, n: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    champion, new = rng.normal(10, 2, n).round(digits), rng.normal(9, 2, n).round(digits)
    decision = decided(champion.tolist(), new.tolist())
    assert len(decision.evidence.repeated) <= 1
    assert doubt_of(decision) is None
