from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.comparison.guardrails_in_search import constrained
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study

OWN = MetricConstraint("wait", at_most=9)


def study(*constraints: Any) -> Study:
    objective = Objective("cost", extra_metrics=["wait", "served"])
    return Study(name="s", space={"x": Float(0, 1)}, objective=objective, max_trials=9, constraints=list(constraints))


def rule(**rails: Guardrail) -> ComparisonRule:
    return ComparisonRule(guardrails=rails)


@pytest.mark.parametrize(
    ("rail", "text"),
    [
        (Guardrail("minimize", margin=0.05), "wait <= champion + 0.05"),
        (Guardrail("maximize", margin=2.0), "wait >= champion - 2"),
        (Guardrail("minimize", margin=0.07, scale="relative"), "wait <= champion + 7%"),
        (Guardrail("maximize", margin=1e-07, scale="relative"), "wait >= champion - 1e-05%"),
    ],
    ids=str,
)
def test_a_guardrail_is_a_constraint_by_what_the_champion_measured(rail: Guardrail, text: str) -> None:
    [found] = constrained(study(), rule(wait=rail)).metric_constraints
    assert (found.text, found.relative) == (text, True)


def test_the_constraints_of_the_study_come_first_and_none_stands_twice() -> None:
    rails = rule(wait=Guardrail("minimize", 1.0))
    found = constrained(study("x <= 0.5", OWN), rails)
    assert found.constraints == ["x <= 0.5", OWN, MetricConstraint("wait", at_most="champion + 1")]
    assert constrained(found, rails) is found


def test_a_guardrail_that_is_declined_watches_the_comparison_alone() -> None:
    rails = rule(wait=Guardrail("minimize", 1.0, in_search=False), served=Guardrail("maximize", 1.0))
    assert [each.metric for each in constrained(study(), rails).metric_constraints] == ["served"]
    assert constrained(study(), None).constraints == []


@pytest.mark.parametrize("before", [(), (OWN,), (OWN, MetricConstraint("wait", at_most="champion + 3"))], ids=str)
def test_an_edition_that_was_opened_before_goes_on_as_it_began(before: tuple[MetricConstraint, ...]) -> None:
    declared = study(OWN) if OWN in before else study()
    found = constrained(declared, rule(wait=Guardrail("minimize", 1.0)), opened=study(*before))
    assert found.constraints == list(before)


def test_the_fingerprint_of_a_rule_of_before_holds() -> None:
    assert "in_search" not in rule(wait=Guardrail("minimize", 1.0)).to_dict()["guardrails"]["wait"]
    declined = Guardrail("minimize", 1.0, in_search=False)
    assert Guardrail.from_dict(declined.to_dict()) == declined
