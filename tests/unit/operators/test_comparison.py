"""What follows from a decision, and what selecting and comparing refuse when a DAG is parsed."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.comparison import CompareOperator, DecisionBranchOperator, LastComparisonOperator
from airflow_hpo.operators.selection import SelectCandidatesOperator, SelectChallengerOperator, edition_of

LOSS = Objective("loss", extra_metrics=["wait"])
STUDY = Study(name="s", space={"x": Float(0, 1)}, objective=LOSS, max_trials=10)


def comparison(verdict: str, next_look: int | None = None, **more: Any) -> dict[str, Any]:
    return {"verdict": verdict, "sentence": f"It is {verdict}.", "next_look": next_look, **more}


@pytest.mark.parametrize(
    "given", [None, {}, {"verdict": "promote"}, {"comparison": True}, "{'comparison': 1}"], ids=str
)
def test_something_that_is_no_comparison_ends_the_task_for_good(given: Any) -> None:
    operator = DecisionBranchOperator(task_id="t", comparison=given)
    with pytest.raises(AirflowFailException, match="output of CompareTaskGroup"):
        operator.choose_branch({})


FIRST, SECOND, THIRD = comparison("inconclusive", 2, n=1), comparison("inconclusive", 3, n=2), comparison("keep", n=3)


@pytest.mark.parametrize(
    ("looks", "counts"),
    [
        ([FIRST, SECOND, THIRD], 3),
        ([FIRST, comparison("promote", n=2), None], 2),
        ([comparison("promote", n=1), None, None], 1),
        ([comparison("promote", n=1), SECOND, THIRD], 1),
        ([FIRST, None, None], 1),
    ],
    ids=["last", "second", "first", "stale later looks", "skipped by hand"],
)
def test_the_comparison_that_counts_is_the_one_that_ended_the_looks(looks: list[Any], counts: int) -> None:
    assert LastComparisonOperator(task_id="t", comparisons=looks).execute({})["n"] == counts


def test_without_any_look_there_is_no_decision() -> None:
    with pytest.raises(AirflowFailException, match="none has run"):
        LastComparisonOperator(task_id="t", comparisons=[None, None]).execute({})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SelectCandidatesOperator(task_id="t", study=STUDY, k=0), "`k` is a whole number of 1 or more"),
        (lambda: SelectCandidatesOperator(task_id="t", study=STUDY, parameter_set="a b"), "parameter set's name"),
        (lambda: SelectChallengerOperator(task_id="t", evaluation={}, challengers=True), "`challengers` is a whole"),
        (
            lambda: CompareOperator(
                task_id="t",
                objective=LOSS,
                evaluations=[],
                rule=ComparisonRule(guardrails={"cost": Guardrail("minimize", 1.0)}),
            ),
            r"extra metric of the objective, but got 'cost'. Add it to the objective's extra_metrics, which are \['wait'\]",
        ),
    ],
    ids=["k", "set", "challengers", "guardrail"],
)
def test_what_makes_no_sense_is_refused_when_the_dag_is_parsed(make: Any, message: str) -> None:
    with DAG("d"), pytest.raises(DeclarationError, match=message):
        make()


@pytest.mark.parametrize("given", [None, "s@r", {"evaluation": None}, []], ids=str)
def test_an_evaluation_is_what_the_group_returned(given: Any) -> None:
    with pytest.raises(DeclarationError, match="output of EvaluateTaskGroup"):
        edition_of(given, "EvaluateTaskGroup")
    assert edition_of({"evaluation": "s/v@r"}, "EvaluateTaskGroup") == "s/v@r"
