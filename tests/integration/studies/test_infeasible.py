"""Best, end and result of a study with constraints on metrics."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from airflow_hpo.cli.trial_view import show_on
from airflow_hpo.core.budget import End
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.evaluations.select import shortlist
from airflow_hpo.exceptions import ComparisonError
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.rows import edition_row
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.trials.rows import trial_details, trial_rows
from tests.integration.trial_tasks import Tuned, declared

LIMIT = MetricConstraint("time_s", at_most=10)
NONE_FEASIBLE = (
    "No trial is feasible: the least infeasible is trial 2, with loss = -2, which breaks 'time_s <= 10' by 1 (11)."
)


@pytest.fixture
def tuned(store: Store) -> Tuned:
    return Tuned(store, declared(max_trials=4, constraints=[LIMIT]))


def complete(tuned: Tuned, request: TrialRequest, seconds: float | None) -> None:
    """Complete a trial; the later the better."""
    tuned.complete(request, value=-float(request.number or 0), metrics={} if seconds is None else {"time_s": seconds})


def run(tuned: Tuned, *seconds: float | None) -> None:
    for request, each in zip(tuned.suggest(), seconds, strict=False):
        complete(tuned, request, each)


def test_the_best_trial_keeps_the_constraints(tuned: Tuned) -> None:
    run(tuned, 9.0, 10.0, 11.0, None)
    look = status(tuned.store, tuned.name)
    assert look.best is not None
    assert look.best.number == 1
    assert ", 2 feasible of 4, best -1 (trial 1)" in str(look)
    summary = finish(tuned.store, look)
    assert (summary.data["number"], summary.data["feasible"], summary.failure) == (1, 2, None)
    assert edition_row(tuned.store, tuned.store.edition(tuned.name))["feasible"] == 2


def test_a_goal_is_reached_by_a_feasible_trial(store: Store) -> None:
    objective = {"metric": "loss", "extra_metrics": ["time_s"], "goal": -2.0}
    tuned = Tuned(store, declared(max_trials=9, objective=objective, constraints=[LIMIT]))
    run(tuned, 9.0, 9.0, 11.0, 11.0)
    assert status(store, tuned.name).verdict.end is None
    invalidate(store, tuned.name, 3, "It was measured wrongly.")
    for request in tuned.suggest(2):
        complete(tuned, request, 9.0)
    assert status(store, tuned.name).verdict.end is End.GOAL


def test_no_feasible_trial_is_a_result_with_its_own_sentence(tuned: Tuned) -> None:
    run(tuned, 19.0, 12.0, 11.0, None)
    summary = finish(tuned.store, status(tuned.store, tuned.name))
    assert summary.failure is None
    assert (summary.data["number"], summary.data["params"], summary.data["feasible"]) == (None, {}, 0)
    assert summary.data["reason"] == f"All 4 trials are successful. {NONE_FEASIBLE}"
    assert NONE_FEASIBLE in summary.text


def test_an_export_says_which_trials_are_feasible_and_what_others_break(tuned: Tuned) -> None:
    run(tuned, 9.0, 12.0, 11.0, None)
    rows = trial_rows(tuned.store, tuned.name)
    assert [row["feasible"] for row in rows] == [True, False, False, False]
    assert [row["breaks"] for row in rows][:2] == [None, "'time_s <= 10' by 2 (12)"]
    assert "feasible" not in trial_rows(tuned.store, Tuned(tuned.store, declared(name="other")).name)


def test_a_trial_that_is_shown_says_what_it_breaks(tuned: Tuned) -> None:
    run(tuned, 9.0, 12.0)
    kept, broken = (trial_details(tuned.store, tuned.name, number) for number in (0, 1))
    assert (kept.breaks, broken.breaks) == (None, "'time_s <= 10' by 2 (12)")
    console = Console(record=True, file=StringIO(), width=200)
    show_on(console, broken)
    assert "It is infeasible: it breaks 'time_s <= 10' by 2 (12)." in console.export_text()


def test_finalists_keep_the_constraints(tuned: Tuned) -> None:
    run(tuned, 9.0, 10.0, 11.0, None)
    finish(tuned.store, status(tuned.store, tuned.name))
    assert [each.number for each in shortlist(tuned.store, tuned.name, k=3).candidates] == [1, 0]


def test_without_a_feasible_trial_the_champion_stays(tuned: Tuned) -> None:
    run(tuned, 19.0, 12.0, 11.0, None)
    finish(tuned.store, status(tuned.store, tuned.name))
    with pytest.raises(ComparisonError, match=r"A challenger keeps every constraint.*least infeasible is trial 2"):
        shortlist(tuned.store, tuned.name)
    provenance = Provenance(source="a test")
    promote(tuned.store, "demo/t", {"x": 0.123, "kind": "a"}, expected=None, key="first", provenance=provenance)
    found = shortlist(tuned.store, tuned.name, parameter_set="demo/t")
    assert [each.role for each in found.candidates] == ["champion"]
    assert found.kept == f"Keep version 1 of 'demo/t': nothing else may take its place. {NONE_FEASIBLE}"
