"""From evaluations to decisions that are kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from airflow_hpo.comparison.report import as_data, selections_as_data
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.form import Asked
from airflow_hpo.core.trial import FailureKind
from airflow_hpo.core.window import Period
from airflow_hpo.evaluations.compare import Compared, compare_evaluations, comparison_rows
from airflow_hpo.evaluations.run import evaluation_rows
from airflow_hpo.evaluations.select import choose
from airflow_hpo.exceptions import ComparisonError, DeclarationError, StudyNotFoundError
from airflow_hpo.storage import comparisons
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from tests.integration.evaluated import CHAMPION, LOSS, challenger, evaluated
from tests.integration.trial_tasks import START, declared

NEW = challenger(7)
OLD = [10.0, 12.0, 11.0, 14.0, 13.0, 12.5]
BETTER, EQUAL = [v - 1 - i / 10 for i, v in enumerate(OLD)], [v + d for v, d in zip(OLD, (0.5, -0.5) * 3)]
PLACE = TaskTry(TaskRun("retune", "r1", "test.compare_1"))


def compared(store: Store, *names: str, place: TaskTry | None = PLACE, look: int = 1, **rule) -> Compared:
    return compare_evaluations(store, names, LOSS, ComparisonRule(**rule), place=place, look=look)


def both(store: Store, new: list, **options) -> str:
    return evaluated(store, {"champion": OLD, "trial 7": new}, [NEW, CHAMPION], **options)


def all_kept(store: Store) -> list[comparisons.Comparison]:
    with store.session() as session:
        return comparisons.find(session)


@pytest.mark.parametrize(
    ("new", "verdict"),
    [(BETTER, "promote"), ([v + 1 + i / 10 for i, v in enumerate(OLD)], "keep"), (EQUAL, "inconclusive")],
    ids=["better", "worse", "equal"],
)
def test_a_decision_is_kept_with_everything_that_led_to_it(store: Store, new: list, verdict: str) -> None:
    name = both(store, new)
    found = compared(store, name)
    assert all_kept(store) == [found.comparison]
    kept = found.comparison
    assert (kept.verdict, kept.look, kept.family, kept.edition) == (verdict, 1, "demo", "demo@r")
    assert (kept.parameter_set, kept.champion_version) == ("demo/tokyo", 3)
    assert kept.evaluations == [name]
    assert (kept.dag_id, kept.run_id, kept.task_id) == ("retune", "r1", "test.compare_1")
    assert kept.report.startswith(f"## {verdict.capitalize()}\n\n{kept.sentence}")
    assert "| x | **0.5** | **0.07** |" in kept.report


def test_later_tasks_get_the_challenger_and_the_version_it_was_compared_with(store: Store) -> None:
    data = compared(store, both(store, BETTER)).data
    assert json.loads(json.dumps(data)) == data
    assert Candidate.from_dict(data["challenger"]) == NEW
    assert (data["verdict"], data["champion_version"], data["next_look"]) == ("promote", 3, None)
    assert data["comparison"] == all_kept(store)[0].id


def test_comparing_again_in_the_same_run_decides_the_same_and_keeps_nothing_new(store: Store) -> None:
    name = both(store, BETTER)
    assert compared(store, name).data == compared(store, name).data
    assert len(all_kept(store)) == 1


def test_another_run_or_other_results_are_another_comparison(store: Store) -> None:
    name = both(store, BETTER)
    compared(store, name)
    compared(store, name, place=TaskTry(TaskRun("retune", "r2", "test.compare_1")))
    compared(store, both(store, EQUAL, run="again"))
    assert len(all_kept(store)) == 3


def test_a_later_look_takes_all_evaluations_so_far(store: Store) -> None:
    first = both(store, EQUAL)
    inconclusive = compared(store, first, looks=2)
    assert inconclusive.data["next_look"] == 2
    second = both(store, BETTER, first_replicate=2)
    found = compared(store, first, second, looks=2, look=2)
    evidence = found.comparison.decision["evidence"]
    assert (evidence["pairs"], evidence["replicates"]) == (6, 2)
    assert found.comparison.evaluations == [first, second]
    assert found.data["next_look"] is None


def test_looks_that_worked_on_several_periods_are_said_to(store: Store) -> None:
    months = [datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5)]
    march, april = (Period(start=start, end=end) for start, end in pairwise(months))
    both = {"champion": [1.0, 1.1, 1.2], "trial 7": [0.9, 1.0, 1.1]}
    looks = [
        evaluated(store, both, [CHAMPION, challenger(7)], first_replicate=look, period=period)
        for look, period in ((1, march), (2, march), (3, april))
    ]
    said = f"Looks are of several periods: {march}; {april}."
    compared = [compare_evaluations(store, names, LOSS, ComparisonRule()) for names in (looks[:2], looks)]
    assert [said in each.comparison.sentence for each in compared] == [False, True]


def test_days_in_a_row_count_for_what_they_are_worth_and_a_list_as_before(store: Store) -> None:
    rising = [value - 0.1 - day / 10 for day, value in enumerate(OLD)]
    days = compared(store, both(store, rising, since=datetime(2026, 3, 1, tzinfo=UTC), run="days"))
    listed = compared(store, both(store, rising, run="listed"))
    assert [each.comparison.verdict for each in (days, listed)] == ["inconclusive", "promote"]
    rows = {row["comparison"]: row["effective"] for row in comparison_rows(store)}
    assert rows[listed.comparison.id] is None
    assert rows[days.comparison.id] < len(OLD)


def test_a_tuning_that_was_triggered_with_other_values_is_said_to_be(store: Store) -> None:
    names = both(store, BETTER)
    open_edition(store, declared(), "r", START, asked=Asked(declared(max_trials=5), None, "ann"))
    said = "This run differs from its file: max_trials is 5 instead of 10."
    assert said in compared(store, names).comparison.report


def test_a_scenario_that_failed_for_one_is_left_out_for_all(store: Store) -> None:
    found = compared(store, both(store, [*BETTER[:5], FailureKind.INFRASTRUCTURE]))
    assert (found.comparison.verdict, found.comparison.decision["evidence"]["pairs"]) == ("promote", 5)
    assert "Left out for all: day 5 (missing for trial 7)" in found.comparison.report
    assert "because the infrastructure failed there" in found.comparison.sentence


@pytest.mark.parametrize("kind", [None, FailureKind.PROGRAM, FailureKind.NO_NEWS, FailureKind.KILLED], ids=str)
def test_a_challenger_whose_program_failed_is_not_promoted_on_the_rest(store: Store, kind: FailureKind | None) -> None:
    found = compared(store, both(store, [*BETTER[:5], kind]))
    assert (found.comparison.verdict, found.comparison.challenger) == ("keep", None)
    assert "the program of 'trial 7' failed in 1 of 6 scenarios (day 5)" in found.comparison.sentence
    assert found.comparison.decision["evidence"]["failed"][0]["barred"]


def test_a_failure_that_the_rule_allows_is_a_loss(store: Store) -> None:
    found = compared(store, both(store, [*BETTER[:5], None]), max_failed=0.2)
    assert found.comparison.verdict == "inconclusive"
    assert found.comparison.decision["evidence"]["pairs"] == 6


def test_a_result_that_was_taken_back_is_nobodys_failure(store: Store) -> None:
    name = both(store, BETTER)
    number = next(
        r["number"] for r in evaluation_rows(store, name) if (r["candidate"], r["scenario"]) == ("trial 7", "day 2")
    )
    invalidate(store, name, number, "A wrong file.")
    found = compared(store, name)
    assert found.comparison.verdict == "promote"
    assert "(day 2), because a result there was taken back" in found.comparison.sentence


@pytest.mark.parametrize(
    ("kinds", "counts"),
    [
        (["infrastructure", "infrastructure"], "infrastructure"),
        (["killed", "infrastructure"], "infrastructure"),
        (["program", "infrastructure"], "program"),
        (["infrastructure", "no_news"], "no_news"),
        (["infrastructure", "killed"], "killed"),
    ],
    ids=", then ".join,
)
def test_a_program_that_failed_once_is_not_excused_by_what_failed_after_it(
    store: Store, kinds: list[str], counts: str
) -> None:
    name = both(store, [*BETTER[:5], tuple(map(FailureKind, kinds))])
    failed = {row["scenario"]: row["failure_kind"] for row in evaluation_rows(store, name) if row["state"] == "fail"}
    assert failed == {"day 5": counts}


def test_a_guardrail_metric_that_the_challenger_left_out_is_its_failure(store: Store) -> None:
    name = both(store, BETTER, without={"trial 7": "day 1"})
    found = compared(store, name, guardrails={"time_s": Guardrail("minimize", 1.0)})
    assert found.comparison.verdict == "keep"
    assert "the program of 'trial 7' failed in 1 of 6 scenarios (day 1)" in found.comparison.sentence
    assert compared(store, name).comparison.verdict == "promote"


def test_a_program_that_uses_neither_scenario_nor_seed_is_asked_about(store: Store) -> None:
    name = evaluated(store, {"champion": [3.0] * 8, "trial 7": [2.0] * 8}, [NEW, CHAMPION])
    found = compared(store, name, looks=2)
    assert (found.comparison.verdict, found.data["next_look"]) == ("inconclusive", None)
    assert "does the program use its scenario and its seed?" in found.comparison.sentence
    assert found.comparison.decision["challengers"][0]["improvement"]["doubt"] == "champion_constant"


def test_a_champion_of_zero_fails_no_comparison_under_a_relative_rule(store: Store) -> None:
    name = evaluated(store, {"champion": [0.0, *OLD[1:]], "trial 7": [0.0, *BETTER[1:]]}, [NEW, CHAMPION])
    assert compared(store, name, scale="relative", min_improvement=0.01).comparison.verdict == "promote"


def test_a_guardrail_reads_the_extra_metrics(store: Store) -> None:
    found = compared(store, both(store, BETTER), guardrails={"time_s": Guardrail("minimize", 1.0)})
    assert found.comparison.verdict == "promote"
    assert found.comparison.decision["challengers"][0]["guardrails"][0]["metric"] == "time_s"


def test_without_a_champion_the_best_is_promoted_because_nothing_is_in_use_yet(store: Store) -> None:
    name = evaluated(store, {"trial 7": [1.0, 2.0], "trial 8": [2.0, 3.0]}, [NEW, challenger(8)])
    found = compare_evaluations(store, [name], LOSS, ComparisonRule(), parameter_set="demo/osaka")
    assert (found.data["verdict"], found.data["champion_version"]) == ("promote", None)
    assert found.data["challenger"]["name"] == "trial 7"
    assert found.data["parameter_set"] == "demo/osaka"
    assert "nothing is in use yet" in found.data["sentence"]


def test_the_selection_is_kept_and_told(store: Store) -> None:
    validated = evaluated(store, {"trial 7": [3.0] * 5, "trial 8": [4.0] * 5}, [NEW, challenger(8)], family="demo/v")
    selection = as_data(choose(store, validated).selections[""])
    found = compare_evaluations(store, [both(store, BETTER)], LOSS, ComparisonRule(), selection=selection)
    assert found.comparison.selection == selection
    assert "The study's winner was 'trial 7'; measured again" in found.comparison.report


def test_candidates_that_no_study_found_are_kept_under_the_evaluations_name(store: Store) -> None:
    mine = Candidate("mine", {"x": 0.1})
    name = evaluated(store, {"champion": OLD, "mine": BETTER}, [mine, CHAMPION])
    kept = compared(store, name).comparison
    assert (kept.family, kept.edition) == ("demo/test", name)


def test_looks_with_different_candidates_are_refused(store: Store) -> None:
    first = both(store, EQUAL)
    other = evaluated(store, {"champion": OLD, "trial 8": BETTER}, [challenger(8), CHAMPION], first_replicate=2)
    with pytest.raises(ComparisonError, match="evaluate the same candidates"):
        compared(store, first, other, looks=2, look=2)


def test_nothing_to_compare_is_refused(store: Store) -> None:
    with pytest.raises(ComparisonError, match="got none"):
        compared(store)


def test_a_study_that_tunes_is_no_evaluation(store: Store) -> None:
    with pytest.raises(StudyNotFoundError, match="An evaluation must be in the store"):
        compared(store, "demo@r")


def test_a_champion_alone_is_refused(store: Store) -> None:
    with pytest.raises(DeclarationError, match="needs a challenger"):
        compared(store, evaluated(store, {"champion": OLD}, [CHAMPION]))


def test_a_comparison_of_windows_says_which_paid_and_is_about_the_study_of_all(store: Store) -> None:
    windows = ("16w-8w", "32w-24w")
    both = [
        Candidate(f"trial 7 of {w}", {"x": place / 10}, study=f"demo/{w}@r", number=7, value=place, windows=[w])
        for place, w in enumerate(windows)
    ]
    validated = evaluated(store, {each.name: [3.0] * 5 for each in both}, both, family="demo/v")
    values = {"champion": OLD, both[0].name: [v - 0.1 for v in BETTER], both[1].name: [v - 3 for v in BETTER]}
    name = evaluated(store, values, [*both, CHAMPION])
    selection, study = selections_as_data(choose(store, validated).selections), declared(name="demo/16w-8w")
    changed = study.model_copy(update={"max_trials": 5})
    open_edition(store, study, "r", START, asked=Asked(changed, None, "ann"))
    found = compare_evaluations(store, [name], LOSS, ComparisonRule(), selection=selection)
    kept = found.comparison
    assert (kept.family, kept.edition, kept.challenger) == ("demo", "demo/32w-24w@r", "trial 7 of 32w-24w")
    assert found.data["challenger"]["number"] == 7
    assert "demo/16w-8w: This run differs from its file: max_trials is 5 instead of 10." in kept.sentence
    assert "The tuning window 32w-24w " in kept.sentence
    assert "| tuning window | best challenger |" in kept.report
    for window in windows:
        assert f"Tuning window {window}. The study's winner was 'trial 7 of {window}'" in kept.report
