"""Nothing is in use yet: who becomes the first champion."""

from __future__ import annotations

import json
import math

import pytest

from airflow_hpo.comparison.decision import Verdict
from airflow_hpo.comparison.first_champion import first_champion
from airflow_hpo.comparison.report import as_data
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.objective import Objective
from tests.unit.comparison.evaluations import evaluated

LOSS, SCORE = Objective("m"), Objective("m", "maximize")
NAN = math.nan


@pytest.mark.parametrize(("objective", "best"), [(LOSS, "b"), (SCORE, "a")], ids=["minimize", "maximize"])
def test_the_best_challenger_is_promoted_and_the_sentence_says_that_nothing_is_in_use_yet(
    objective: Objective, best: str
) -> None:
    decision = first_champion(evaluated("m", {"a": [3.0, 5.0], "b": [2.0, 4.0]}), objective, ComparisonRule())
    assert (decision.verdict, decision.challenger, decision.champion) == (Verdict.PROMOTE, best, None)
    assert "nothing is in use yet" in decision.sentence
    assert "over 2 scenarios" in decision.sentence
    assert "the best of 2 challengers" in decision.sentence


def test_one_scenario_and_guardrails_do_not_stand_in_the_way_of_the_first() -> None:
    rule = ComparisonRule(guardrails={"wait": Guardrail("minimize", 1.0)}, min_pairs=5)
    decision = first_champion(evaluated("m", {"a": [3.0]}), LOSS, rule)
    assert decision.verdict is Verdict.PROMOTE
    assert "over 1 scenario its" in decision.sentence


def test_a_challenger_that_lacks_too_much_is_not_the_first() -> None:
    data = evaluated("m", {"a": [NAN, NAN, NAN, 0.0, 0.0], "b": [5.0] * 5})
    decision = first_champion(data, LOSS, ComparisonRule())
    assert decision.challenger == "b"
    assert [r.candidate for r in decision.challengers if not r.judged] == ["a"]


def test_without_any_result_nobody_is_promoted_and_another_look_may_follow() -> None:
    data = evaluated("m", {"a": [NAN] * 3})
    decisions = [first_champion(data, LOSS, ComparisonRule(looks=2), look=look) for look in (1, 2)]
    assert [d.verdict for d in decisions] == [Verdict.INCONCLUSIVE] * 2
    assert [d.next_look for d in decisions] == [2, None]
    assert decisions[0].challenger is None
    assert "Inconclusive: nothing is in use yet" in decisions[0].sentence


def test_the_rules_variant_decides() -> None:
    import pandas as pd

    frame = pd.concat(
        [
            evaluated("m", {"a": [1.0], "b": [2.0]}, variant="model"),
            evaluated("m", {"a": [9.0], "b": [2.0]}, variant="fallback"),
        ]
    )
    assert first_champion(frame, LOSS, ComparisonRule()).challenger == "b"
    assert first_champion(frame, LOSS, ComparisonRule(variant="model")).challenger == "a"


def test_it_can_be_written_down_as_json() -> None:
    data = as_data(first_champion(evaluated("m", {"a": [3.0]}), LOSS, ComparisonRule()))
    assert json.loads(json.dumps(data, allow_nan=False))["champion"] is None
