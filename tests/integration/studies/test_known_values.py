"""What an edition makes of the values that its warm start took over: best, finalists, goal, patience, marks, later editions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.budget import End
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.core.trial_key import trial_of
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.evaluations.select import shortlist
from airflow_hpo.optuna import attributes
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.optimum_drift import drift_rows
from airflow_hpo.studies.rows import edition_row
from airflow_hpo.studies.status import status
from airflow_hpo.studies.stop import request_stop
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.trials.rows import trial_rows
from tests.integration.trial_tasks import Tuned, declared

UNTIL = datetime(2026, 1, 31, tzinfo=UTC)


def knowing(**options: Any) -> Any:
    return declared(**{"warm_start": WarmStart(mode="values"), **options})


@pytest.fixture
def first(store: Store) -> Tuned:
    """An edition that measured 1, 2, 3 and 4."""
    tuned = Tuned(store, declared(), "first", UNTIL)
    run(tuned, 1.0, 2.0, 3.0, 4.0)
    return tuned


def run(tuned: Tuned, *values: float, batch: int = 1) -> None:
    for request, value in zip(tuned.suggest(batch), values):
        tuned.complete(request, value)


def end(tuned: Tuned) -> dict[str, Any]:
    request_stop(tuned.store, tuned.name, "Enough.")
    return finish(tuned.store, status(tuned.store, tuned.name)).data


def best_of(tuned: Tuned) -> TrialRecord:
    best = status(tuned.store, tuned.name).best
    assert best is not None
    return best


def test_a_value_that_was_taken_over_is_the_best_with_its_mark(first: Tuned) -> None:
    second = Tuned(first.store, knowing(), "second", UNTIL)
    run(second, 5.0, 6.0)
    best = best_of(second)
    measured = first.records()[0].finished
    assert (best.value, best.source) == (1.0, "demo@first#0")
    mark = f"taken over from demo@first#0 (measured {measured:%Y-%m-%d}, data until 2026-01-31)"
    assert str(best.known) == mark
    assert f"best 1 (trial 0, {mark})" in str(status(first.store, second.name))
    summary = finish(first.store, status(first.store, second.name), accept_incomplete=True)
    assert f"Best: trial 0, loss = 1.0, {mark}" in summary.text
    assert edition_row(first.store, first.store.edition(second.name))["taken_over"] == "demo@first#0"


def test_better_than_all_that_was_known_is_the_best_without_a_mark(first: Tuned) -> None:
    second = Tuned(first.store, knowing(), "second", UNTIL)
    run(second, 0.5, 6.0)
    assert (best_of(second).value, best_of(second).known) == (0.5, None)


def test_what_was_taken_over_is_among_the_finalists_and_it_is_said(first: Tuned) -> None:
    second = Tuned(first.store, knowing(), "second", UNTIL)
    run(second, 1.5, 6.0)
    end(second)
    found = shortlist(first.store, second.name, k=3)
    assert [(each.study, each.value) for each in found.candidates] == [(second.name, v) for v in (1.0, 1.5, 2.0)]
    assert [each.split(" (")[0] for each in found.remarks] == [
        "Trial 0 was taken over from demo@first#0",
        "Trial 1 was taken over from demo@first#1",
    ]


def test_a_goal_that_is_known_to_be_reached_needs_a_trial_of_this_edition(first: Tuned) -> None:
    objective = {"metric": "loss", "extra_metrics": ["time_s"], "goal": 1.0}
    second = Tuned(first.store, knowing(objective=objective), "second", UNTIL)
    assert status(first.store, second.name).verdict.end is None
    run(second, 9.0)
    judged = status(first.store, second.name).verdict
    assert judged.end is End.GOAL
    assert judged.reason.startswith("The goal 1.0 was reached with 1.0, taken over from demo@first#0 (measured ")


def test_patience_counts_the_trials_that_brought_nothing_better_than_what_is_known(first: Tuned) -> None:
    second = Tuned(first.store, knowing(patience=3), "second", UNTIL)
    run(second, 9.0, 8.0)
    assert (second.progress().since_best, status(first.store, second.name).verdict.end) == (2, None)
    run(second, 7.0, batch=2)
    assert status(first.store, second.name).verdict.end is End.PATIENCE


def test_what_was_taken_over_is_handed_on_with_the_trial_that_measured_it(first: Tuned) -> None:
    run(Tuned(first.store, knowing(), "second", UNTIL), 5.0, 6.0)
    third = Tuned(first.store, knowing(), "third", UNTIL)
    handed_on = [(each.value, each.source) for each in third.records()]
    assert handed_on[:4] == [(float(n + 1), f"demo@first#{n}") for n in range(4)]
    assert handed_on[4:] == [(5.0, "demo@second#4"), (6.0, "demo@second#5")]
    known = third.records()[0].known
    assert known is not None
    assert known.data_until == UNTIL
    assert known == Tuned(first.store, knowing(), "fourth", UNTIL).records()[0].known


def test_a_result_that_was_taken_back_since_is_not_handed_on(first: Tuned) -> None:
    Tuned(first.store, knowing(), "second", UNTIL)
    invalidate(first.store, first.name, 0, "It was measured wrongly.")
    assert [each.value for each in Tuned(first.store, knowing(), "third", UNTIL).records()] == [2.0, 3.0, 4.0]


def test_a_copy_that_was_taken_back_counts_no_more(first: Tuned) -> None:
    second = Tuned(first.store, knowing(), "second", UNTIL)
    invalidate(first.store, second.name, 0, "The data have changed.")
    assert best_of(second).value == 2.0


def test_no_point_that_is_known_is_asked_again(store: Store) -> None:
    space = {"kind": {"type": "categorical", "choices": list("abcdef")}}
    first = Tuned(store, declared(space=space, max_trials=4), "first")
    run(first, 1.0, 2.0, 3.0, 4.0)
    known = {str(each.params["kind"]) for each in first.records()}
    start = [{"kind": min(known)}]
    second = Tuned(store, knowing(space=space, max_trials=2, parallelism=2, start_points=start), "second")
    assert {str(request.params["kind"]) for request in second.suggest()} == set("abcdef") - known


def test_what_breaks_a_constraint_by_what_it_measured_is_neither_the_best_nor_handed_on(store: Store) -> None:
    limit = MetricConstraint("time_s", at_most="champion + 10%")
    first = Tuned(store, declared(constraints=[limit]), "first")
    for request, value in zip(first.suggest(), (1.0, 2.0)):
        first.complete(request, value, metrics={"time_s": 20.0 / value})
    second = Tuned(store, knowing(constraints=[limit]), "second")
    assert [each.value for each in second.records()] == [1.0, 2.0]
    store.optuna.enqueue_champion(second.name, second.study, {"x": 0.123, "kind": "a"})
    champion = next(each for each in second.suggest() if each.params["x"] == 0.123)
    assert status(store, second.name).best is None
    second.complete(champion, 3.0, metrics={"time_s": 10.0})
    assert best_of(second).value == 2.0
    third = Tuned(store, knowing(constraints=[limit]), "third")
    assert [each.value for each in third.records()] == [2.0, 3.0]


def test_an_export_names_where_and_when_a_value_was_measured(first: Tuned) -> None:
    second = Tuned(first.store, knowing(), "second", UNTIL)
    run(second, 5.0)
    rows = trial_rows(first.store, second.name)
    known, own = rows[0], rows[4]
    assert (known["taken_over"], known["taken_over_data_until"]) == ("demo@first#0", UNTIL.isoformat())
    assert known["taken_over_measured"] == first.records()[0].finished.isoformat(timespec="seconds")  # type: ignore[union-attr]
    assert (own["taken_over"], own["taken_over_measured"], own["taken_over_data_until"]) == (None, None, None)
    assert "taken_over" not in trial_rows(first.store, first.name)[0]


def test_a_best_that_was_taken_over_is_named_in_the_drift(first: Tuned) -> None:
    run(Tuned(first.store, knowing(), "second", UNTIL), 5.0)
    rows = drift_rows(first.store, "demo")
    assert [(row["best"], row["taken_over"]) for row in rows] == [(1.0, None), (1.0, "demo@first#0")]


def test_trials_of_several_simulations_are_known_whole(store: Store) -> None:
    week: dict[str, Any] = {"scenarios": ["mon", "tue"], "scenarios_needed": 0.5, "parallelism": 4, "batch_size": 1}
    first = Tuned(store, declared(**week), "first")
    run(first, 1.0, 2.0, 4.0, 5.0)
    second = Tuned(store, knowing(**week), "second")
    run(second, 7.0, 8.0)
    assert (best_of(second).value, best_of(second).source) == (1.5, "demo@first#0")
    assert end(second)["taken_over"] == "demo@first#0"
    assert [each.value for each in shortlist(store, second.name).candidates] == [1.5, 4.5, 7.5]
    assert [row["taken_over"] for row in trial_rows(store, second.name)][:2] == ["demo@first#0", "demo@first#1"]


def test_a_best_without_a_curve_does_not_keep_trials_from_being_given_up(store: Store) -> None:
    days = [f"day {number}" for number in range(6)]
    week: dict[str, Any] = {"scenarios": days, "parallelism": 12, "batch_size": 1}
    first = Tuned(store, declared(**week), "first")
    run(first, *[0.1] * 6)
    second = Tuned(store, knowing(**week, pruner=Pruner("wilcoxon", p_threshold=0.15)), "second")
    run(second, *map(float, range(6)), *(11.0 + number * 1.1 for number in range(4)))
    assert [each.state for each in second.records()] == ["complete", "complete", "pruned"]


def test_an_edition_that_began_before_values_counted_goes_on_as_it_was(
    first: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("airflow_hpo.optuna.known_values._marks", _marks_of_before)
        second = Tuned(first.store, knowing(warm_start=WarmStart(mode="values", trials=2)), "second", UNTIL)
    run(second, 5.0)
    again = Tuned(first.store, knowing(warm_start=WarmStart(mode="values", trials=3)), "second", UNTIL)
    assert [each.value for each in again.records()[:3]] == [1.0, 2.0, 5.0]
    assert (best_of(again).value, [each.known for each in again.records()[:2]]) == (5.0, [None, None])
    end(again)
    assert [each.value for each in shortlist(first.store, again.name).candidates] == [5.0]


def test_what_an_edition_of_before_took_over_is_handed_on_without_the_time(
    first: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("airflow_hpo.optuna.known_values._marks", _marks_of_before)
        Tuned(first.store, knowing(), "second", UNTIL)
    third = Tuned(first.store, knowing(), "third", UNTIL)
    assert str(best_of(third).known) == "taken over from demo@first#0 (data until 2026-01-31)"


def _marks_of_before(_: object, edition: str, trial: TrialRecord) -> dict[str, Any]:
    return {attributes.ORIGIN: "warm_start", attributes.SOURCE: trial_of(edition, trial.number)}
