"""Comparisons as the pages show them, on real evaluations and decisions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from airflow_hpo.comparison.report import selections_as_data
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.answer import Choice
from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.trial import FailureKind
from airflow_hpo.evaluations.compare import Compared, compare_evaluations, keep_champion
from airflow_hpo.evaluations.select import choose
from airflow_hpo.exceptions import ComparisonError
from airflow_hpo.pages.comparison import comparison_detail
from airflow_hpo.pages.comparisons import comparison_lines, owner_of
from airflow_hpo.pages.models.comparisons import ComparisonDetail, ComparisonLine
from airflow_hpo.storage import approvals
from airflow_hpo.storage.tables import ComparisonRow
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from tests.integration.decisions import decision
from tests.integration.evaluated import CHAMPION, LOSS, challenger, evaluated
from tests.integration.trial_tasks import START, declared

NEW = challenger(7)
OLD = [10.0, 12.0, 11.0, 14.0, 13.0, 12.5]
BETTER = [value - 1 - number / 10 for number, value in enumerate(OLD)]
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
ASKS = TaskRun("retune", "r1", "test.approve", -1, 1)


def both(store: Store, new: list, **options) -> str:
    return evaluated(store, {"champion": OLD, "trial 7": new}, [NEW, CHAMPION], **options)


def compared(store: Store, *names: str, run: str = "r1", dag: str = "retune", look: int = 1, **rule) -> Compared:
    place = TaskTry(TaskRun(dag, run, "test.compare_1"))
    return compare_evaluations(store, names, LOSS, ComparisonRule(**rule), place=place, look=look)


def detail(store: Store, number: int = 1) -> ComparisonDetail:
    return store.read(comparison_detail, number)


def lines(store: Store, **options) -> list[ComparisonLine]:
    return store.read(comparison_lines, **options)


def test_a_comparison_shows_the_effect_with_its_interval_and_what_it_needed(store: Store) -> None:
    kept = compared(store, both(store, BETTER)).comparison
    found, result = detail(store), kept.decision["challengers"][0]
    effect = result["improvement"]["effect"]["absolute"]
    assert found.effect
    assert (found.effect.estimate, found.effect.low, found.effect.scale) == (effect["value"], effect["low"], "absolute")
    assert (found.p_value, found.level) == (result["p_value"], result["level"])
    assert (found.metric, found.direction, found.verdict) == ("loss", "minimize", "promote")
    assert (found.champion_label, found.challenger_label) == ("champion (version 3)", "trial 7")
    assert (found.look, found.looks, found.scenarios, found.replicates) == (1, 1, 6, 1)


def test_a_relative_rule_gives_a_relative_effect(store: Store) -> None:
    compared(store, both(store, BETTER), scale="relative", min_improvement=0.01)
    found = detail(store)
    assert found.effect
    assert (found.effect.scale, found.min_improvement) == ("relative", 0.01)
    assert 0.05 < found.effect.estimate < 0.2  # type: ignore[operator]


def test_differences_are_paired_by_scenario_and_above_0_where_the_challenger_is_better(store: Store) -> None:
    compared(store, both(store, BETTER))
    found = detail(store)
    assert [each.scenario for each in found.by_scenario] == [f"day {number}" for number in range(6)]
    assert [each.difference for each in found.by_scenario] == [pytest.approx(1 + n / 10) for n in range(6)]
    assert [(each.champion, each.challenger) for each in found.by_scenario] == list(zip(OLD, BETTER))
    assert [(each.variant, each.replicate) for each in found.pairs] == [(None, 1)] * 6


def test_replicates_of_all_looks_are_pairs_and_a_scenario_is_their_mean(store: Store) -> None:
    first, second = both(store, OLD), both(store, BETTER, first_replicate=2)
    compared(store, first, second, looks=2, look=2)
    found = detail(store)
    assert [(each.replicate, each.difference) for each in found.pairs[:2]] == [(1, 0.0), (2, pytest.approx(1.0))]
    assert found.by_scenario[0].difference == pytest.approx(0.5)
    assert found.by_scenario[0].challenger == pytest.approx((OLD[0] + BETTER[0]) / 2)
    assert [each.name for each in found.evaluations] == [first, second]


def test_what_changes_in_the_parameters_is_listed(store: Store) -> None:
    compared(store, both(store, BETTER))
    changes = [(each.name, each.champion, each.challenger) for each in detail(store).changes]
    assert changes == [("x", 0.5, 0.07), ("kind", "a", "b")]


def test_guardrails_show_their_margin_and_whether_they_hold(store: Store) -> None:
    rule = {"guardrails": {"time_s": Guardrail("minimize", margin=0.5)}}
    compared(store, both(store, BETTER), **rule)
    (found,) = detail(store).guardrails
    assert (found.metric, found.margin, found.direction, found.kept, found.estimate) == (
        "time_s",
        0.5,
        "minimize",
        True,
        0,
    )
    assert found.sentence == "time_s may get worse by 0.5 at most, and does not: it has one value in every scenario."


def test_the_error_that_was_spent_and_what_is_left_are_told(store: Store) -> None:
    compared(store, both(store, BETTER, since=SINCE))
    error = detail(store).error
    assert (error.budget, error.charged, error.left) == (0.05, pytest.approx(0.04), pytest.approx(0.01))
    assert error.sentence
    assert "this comparison may err with 4 %" in error.sentence


def test_a_decision_from_before_there_was_a_budget_was_held_to_none(store: Store) -> None:
    number = compared(store, both(store, BETTER, since=SINCE)).comparison.id
    with store.session() as session:
        row = session.get_one(ComparisonRow, number)
        row.decision = json.dumps({name: value for name, value in json.loads(row.decision).items() if name != "charge"})
    error = detail(store).error
    assert (error.budget, error.charged, error.left, error.sentence) == (None, None, None, None)


def test_the_window_of_the_test_and_the_worth_of_days_in_a_row_are_told(store: Store) -> None:
    rising = [value - 0.1 - day / 10 for day, value in enumerate(OLD)]
    compared(store, both(store, rising, since=SINCE))
    found = detail(store)
    assert [(each.name, each.start, each.end) for each in found.windows] == [("test", SINCE, SINCE + timedelta(days=6))]
    assert found.effective
    assert found.effective < 6


def test_results_that_are_missing_have_their_owner_and_reason(store: Store) -> None:
    compared(store, both(store, [*BETTER[:5], FailureKind.INFRASTRUCTURE]))
    found = detail(store)
    assert [(each.scenario, each.who, each.reason) for each in found.missing] == [("day 5", "trial 7", "It broke.")]
    assert found.scenarios == 5
    assert [each.scenario for each in found.by_scenario] == [f"day {number}" for number in range(5)]
    assert found.remarks == ["Left out for all: 1 of 6 scenarios (day 5), because the infrastructure failed there."]


def test_a_result_that_was_taken_back_since_is_missing_and_the_decision_stands(store: Store) -> None:
    name = both(store, BETTER)
    compared(store, name)
    invalidate(store, name, 0, "Wrong data.")
    found = detail(store)
    assert [each.reason for each in found.missing] == ["Wrong data."]
    assert found.by_scenario[0].difference == pytest.approx(1.0)


def test_the_inflation_of_finalists_is_what_the_study_said_and_what_was_measured_again(store: Store) -> None:
    chosen = choose(store, evaluated(store, {"champion": OLD, "trial 7": BETTER}, [NEW, CHAMPION], run="v"))
    selection = selections_as_data(chosen.selections)
    compare_evaluations(store, [both(store, BETTER)], LOSS, ComparisonRule(), selection=selection)
    (found,) = detail(store).candidates
    assert (found.label, found.tuned, found.validated) == ("trial 7", 0.9, pytest.approx(sum(BETTER) / 6))
    assert found.inflation == selection["finalists"][0]["inflation"]["value"]


def test_without_a_selection_candidates_have_what_their_study_said(store: Store) -> None:
    compared(store, both(store, BETTER))
    (found,) = detail(store).candidates
    assert (found.tuned, found.validated, found.inflation) == (0.9, pytest.approx(sum(BETTER) / 6), None)


def test_the_study_and_the_trial_of_the_challenger_can_be_opened(store: Store) -> None:
    compared(store, both(store, BETTER))
    open_edition(store, declared(name="demo"), "r", START)
    found = detail(store)
    assert found.study
    assert found.study.name == "demo@r"
    assert found.challenger_trial
    assert (found.challenger_trial.study, found.challenger_trial.number) == (found.study.id, 7)


def test_the_first_champion_has_no_effect_and_its_values(store: Store) -> None:
    compared(store, evaluated(store, {"trial 7": BETTER}, [NEW]))
    found = detail(store)
    assert (found.verdict, found.effect, found.p_value, found.champion_label) == ("promote", None, None, None)
    assert [each.challenger for each in found.by_scenario] == BETTER
    assert [(each.name, each.champion) for each in found.changes] == [("x", None), ("kind", None)]


def test_a_champion_that_is_kept_without_a_challenger_has_a_page(store: Store) -> None:
    kept = {"sentence": "Keep it.", "edition": "demo@r"}
    keep_champion(store, kept, CHAMPION, LOSS, ComparisonRule(), TaskTry(TaskRun("retune", "r1", "c")))
    found = detail(store)
    assert (found.verdict, found.pairs, found.effect, found.challenger_label) == ("keep", [], None, None)


def test_a_comparison_of_a_release_that_kept_less_has_a_page_with_nulls(store: Store) -> None:
    decision(store, {"x": 0.1})
    found = detail(store)
    assert (found.metric, found.effect, found.level, found.error.charged) == (None, None, None, None)
    assert (found.scenarios, found.report) == (1, "## Promote\n")
    assert (found.challenger_label, found.looks, found.remarks) == ("trial 7", None, [])


def test_a_comparison_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(ComparisonError, match="but got 9"):
        detail(store, 9)
    assert store.read(owner_of, 9) == (False, None)


def test_the_newest_question_and_its_answer_stand_in_the_list(store: Store) -> None:
    number = compared(store, both(store, BETTER)).comparison.id
    assert lines(store)[0].answer is None
    until = datetime(2026, 5, 1, tzinfo=UTC)
    with store.session() as session:
        approvals.ask(session, number, ASKS, until)
    (waits,) = lines(store)
    assert waits.answer
    assert (waits.answer.choice, waits.answer.until, waits.answer.task.task_id) == (None, until, "test.approve")
    with store.session() as session:
        user = {"id": "7", "name": "Ada"}
        approvals.answer(session, number, ASKS, Choice.APPROVE, until, user=user, params={})
    answered = detail(store).answer
    assert answered
    assert (answered.choice, answered.by, answered.answered_at) == ("Approve", "Ada", until)


def test_the_list_is_of_a_run_a_family_or_a_parameter_set_the_newest_first(store: Store) -> None:
    name = both(store, BETTER)
    compared(store, name)
    compared(store, name, run="r2", dag="other")
    assert [(each.dag_id, each.run_id) for each in lines(store)] == [("other", "r2"), ("retune", "r1")]
    assert [each.id for each in lines(store, dag_id="retune", run_id="r1")] == [1]
    assert [each.id for each in lines(store, limit=1)] == [2]
    assert len(lines(store, parameter_set="demo/tokyo", family="demo")) == 2
    assert lines(store, family="another") == []


def test_who_may_not_read_a_dag_does_not_see_its_comparisons_and_gets_as_many_as_asked_for(store: Store) -> None:
    name = both(store, BETTER)
    for run in range(3):
        compared(store, name, run=f"r{run}")
        compared(store, name, run=f"r{run}", dag="secret")
    found = lines(store, limit=2, readable=lambda dags: set(dags) - {"secret"})
    assert [(each.dag_id, each.run_id) for each in found] == [("retune", "r2"), ("retune", "r1")]
    assert store.read(owner_of, found[0].id) == (True, "retune")


def test_a_comparison_without_a_task_belongs_to_the_dag_that_tuned(store: Store) -> None:
    compare_evaluations(store, [both(store, BETTER)], LOSS, ComparisonRule())
    assert store.read(owner_of, 1) == (True, None)
    open_edition(store, declared(name="demo"), "r", START)
    assert store.read(owner_of, 1) == (True, START.task.dag_id)
