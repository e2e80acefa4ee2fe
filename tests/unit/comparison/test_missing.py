"""Whose failure a missing result is, and what becomes of it."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.decision import Decision, Verdict
from airflow_hpo.comparison.finalists import select
from airflow_hpo.comparison.first_champion import first_champion
from airflow_hpo.comparison.report import markdown
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.objective import Objective
from tests.unit.comparison.evaluations import evaluated

COST = Objective("cost", extra_metrics=["late"])
OLD = [10.0, 12.0, 11.0, 14.0, 13.0, 12.5, 9.0, 10.5, 11.5, 13.5]
NEW = [old - 1 - step / 10 for step, old in enumerate(OLD)]
NAN = math.nan


def lost(values: list[float], *days: int) -> list[float]:
    return [NAN if day in days else value for day, value in enumerate(values)]


def decided(values: dict[str, list[float]], kind: str | None, **rule: Any) -> Decision:
    return compare(evaluated("cost", values, failure_kind=kind), COST, ComparisonRule(**rule))


@pytest.mark.parametrize("kind", ["program", "no_news", "unheard", "killed", None])
def test_a_challenger_that_failed_in_one_scenario_is_not_promoted_on_the_others(kind: str | None) -> None:
    decision = decided({"champion": OLD, "new": lost(NEW, 3)}, kind)
    assert (decision.verdict, decision.challenger, decision.next_look) == (Verdict.KEEP, None, None)
    assert "the program of 'new' failed in 1 of 10 scenarios (day 03), and none may fail" in decision.sentence


@pytest.mark.parametrize("kind", ["infrastructure", "taken_back"])
def test_what_is_nobodys_failure_is_left_out_for_all_and_said(kind: str) -> None:
    decision = decided({"champion": OLD, "new": lost(NEW, 3)}, kind)
    assert (decision.verdict, decision.evidence.pairs) == (Verdict.PROMOTE, 9)
    assert "Left out for all: 1 of 10 scenarios (day 03), because" in decision.sentence
    assert decision.evidence.dropped[0].cause == kind


def test_what_the_champions_own_program_failed_is_no_win_for_a_challenger() -> None:
    decision = decided({"champion": lost(OLD, 2, 4), "new": NEW}, "program")
    assert (decision.verdict, decision.evidence.pairs) == (Verdict.PROMOTE, 8)
    assert "2 of 10 scenarios (day 02, day 04), because the champion's own program failed there." in decision.sentence


def test_a_champion_that_fails_more_often_than_may_be_dropped_is_for_a_person_to_judge() -> None:
    decision = decided({"champion": lost(OLD, 1, 2, 3), "new": NEW}, "program")
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "3 of 10 scenarios (day 01, day 02, day 03), because the champion's own program" in decision.sentence


def test_a_scenario_that_both_programs_fail_is_not_held_against_the_challenger() -> None:
    decision = decided({"champion": lost(OLD, 5), "new": lost(NEW, 5)}, "program")
    assert (decision.verdict, decision.evidence.failed) == (Verdict.PROMOTE, ())


def test_an_own_failure_counts_also_where_the_champion_was_failed_by_the_infrastructure() -> None:
    frame = evaluated("cost", {"champion": lost(OLD, 5), "new": lost(NEW, 5)})
    frame["failure_kind"] = ["infrastructure"] * 10 + ["program"] * 10
    assert compare(frame, COST, ComparisonRule()).verdict is Verdict.KEEP


def test_one_failed_replicate_of_several_is_a_failure() -> None:
    frame = pd.concat(
        [
            evaluated("cost", {"champion": OLD, "new": new}, replicate=r, failure_kind="program")
            for r, new in enumerate([NEW, lost(NEW, 0), [new - 0.1 for new in NEW]])
        ]
    )
    assert compare(frame, COST, ComparisonRule()).verdict is Verdict.KEEP


def test_a_failure_under_a_variant_that_does_not_decide_is_not_counted() -> None:
    frame = pd.concat(
        [
            evaluated("cost", {"champion": OLD, "new": NEW}, variant="model"),
            evaluated("cost", {"champion": OLD, "new": lost(NEW, 1)}, variant="fallback", failure_kind="program"),
        ]
    )
    assert compare(frame, COST, ComparisonRule(variant="model")).verdict is Verdict.PROMOTE
    assert compare(frame, COST, ComparisonRule()).verdict is Verdict.KEEP


@pytest.mark.parametrize(("late", "verdict"), [(0.2, Verdict.PROMOTE), (NAN, Verdict.KEEP)], ids=["there", "missing"])
def test_a_guardrail_metric_that_the_challenger_left_out_once_is_its_failure(late: float, verdict: Verdict) -> None:
    frame = evaluated("cost", {"champion": OLD, "new": NEW}, failure_kind=None).assign(late=[0.1] * 19 + [late])
    decision = compare(frame, COST, ComparisonRule(guardrails={"late": Guardrail("minimize", 1.0)}))
    assert decision.verdict is verdict


def test_other_challengers_are_judged_on_every_scenario() -> None:
    decision = decided({"champion": OLD, "bad": lost(NEW, 1, 2), "new": NEW}, "program")
    assert (decision.verdict, decision.challenger, decision.evidence.pairs) == (Verdict.PROMOTE, "new", 10)
    assert (
        "'bad' is not promoted: the program of 'bad' failed in 2 of 10 scenarios (day 01, day 02)" in decision.sentence
    )


def test_failures_that_the_rule_allows_count_as_the_largest_loss() -> None:
    decision = decided({"champion": OLD, "new": lost(NEW, 0)}, "program", max_failed=0.1)
    improvement = decision.challengers[0].improvement
    assert decision.verdict is Verdict.PROMOTE
    assert decision.challengers[0].differences["day 00"] == pytest.approx(-1.9)
    assert improvement.effect.absolute.value == pytest.approx((sum(OLD[1:]) - sum(NEW[1:]) - 1.9) / 10)
    assert "failed in 1 of 10 scenarios (day 00), a loss each" in decision.sentence
    three = decided({"champion": OLD, "new": lost(NEW, 0, 1, 2)}, "program", max_failed=0.3)
    assert three.verdict is Verdict.INCONCLUSIVE
    assert decided({"champion": OLD, "new": lost(NEW, 0, 1)}, "program", max_failed=0.1).verdict is Verdict.KEEP


def test_an_allowed_share_includes_its_own_limit_whatever_floats_make_of_it() -> None:
    days = [float(day % 7) + day / 1000 for day in range(100)]
    new = lost([day - 1 - (day % 3) / 10 for day in days], *range(29))
    frame = evaluated("cost", {"champion": days, "new": new})
    assert 0.29 * 100 < 29
    assert compare(frame, COST, ComparisonRule(max_dropped=0.29)).challengers[0].judged
    assert compare(frame.assign(failure_kind="program"), COST, ComparisonRule(max_failed=0.29)).evidence.barred == ()


def test_nobody_becomes_the_first_champion_on_the_scenarios_that_his_program_survived() -> None:
    frame = evaluated("cost", {"a": lost(NEW, 3), "b": OLD}, failure_kind="program")
    assert first_champion(frame, COST, ComparisonRule()).challenger == "b"
    assert first_champion(frame, COST, ComparisonRule(max_failed=0.5)).challenger == "b"
    alone = first_champion(frame[frame["candidate"] == "a"], COST, ComparisonRule())
    assert alone.verdict is Verdict.INCONCLUSIVE
    assert "the program of 'a' failed in 1 of 10 scenarios" in alone.sentence


def test_a_finalist_whose_program_failed_comes_after_those_whose_did_not() -> None:
    frame = evaluated("cost", {"a": lost(NEW, 3), "b": OLD}, failure_kind="program")
    found = select(frame, {"a": 1.0, "b": 2.0}, COST)
    assert [each.candidate for each in found.finalists] == ["b", "a"]
    assert (found.best, found.pairs) == ("b", 10)
    assert found.finalists[1].mean == pytest.approx((sum(NEW) - NEW[3]) / 9)


def test_the_report_lists_whose_program_failed_where() -> None:
    page = markdown(decided({"champion": OLD, "bad": lost(NEW, 1), "new": NEW}, "program"))
    assert "- Failed by its own program: bad in day 01." in page
    assert page.count("| bad |") == 1
    assert "| failed |" in page
