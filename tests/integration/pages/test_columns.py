from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from optuna.trial import TrialState as OptunaState
from optuna.trial import create_trial
from sqlalchemy import event

from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.space.space import Categorical, Float, Params
from airflow_hpo.optuna.distributions import distributions_of
from airflow_hpo.pages.columns import columns_of, version_of
from airflow_hpo.pages.models.trials import Columns
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.trials.steer import add_trial
from benchmarks.big_study import big_study
from tests.integration.trial_tasks import Tuned, declared


def columns(tuned: Tuned, since: int = 0) -> Columns:
    return columns_of(tuned.store, tuned.store.edition(tuned.name), since)


def version(tuned: Tuned, since: int = 0) -> str:
    return version_of(tuned.store, tuned.store.edition(tuned.name), since)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(store.database.engine, "before_cursor_execute", note)
    yield said
    event.remove(store.database.engine, "before_cursor_execute", note)


def test_a_study_without_trials_has_empty_columns_of_all_its_parameters(tuned: Tuned) -> None:
    found = columns(tuned)
    assert (found.number, found.total, found.next, found.params) == ([], 0, 0, {"x": [], "kind": []})


def test_a_trial_has_its_parameters_its_value_and_the_task_that_ran_it(tuned: Tuned) -> None:
    request = tuned.suggest()[1]
    tuned.complete(request, value=0.5, placement=Placement(pod="p-1", node="n-1"))
    found = columns(tuned)
    assert found.number == [0, 1, 2, 3]
    assert found.state == ["running", "complete", "running", "running"]
    assert (found.value[1], found.batch[1], found.attempts) == (0.5, "001", [0, 1, 0, 0])
    assert {name: column[1] for name, column in found.params.items()} == request.params
    assert (found.pod[1], found.node[1], found.task[1]) == ("p-1", "n-1", "tune.batch_001.trial")
    assert (found.map_index[1], found.try_number[1], found.task[0]) == (1, 1, None)
    started, finished = found.started[1], found.finished[1]
    assert finished >= started > 1.7e9  # type: ignore[operator]


def test_the_next_question_begins_with_the_first_trial_that_may_change(tuned: Tuned) -> None:
    requests = tuned.suggest()
    tuned.complete(requests[0])
    tuned.complete(requests[2])
    assert columns(tuned).next == 1
    rest = columns(tuned, since=1)
    assert (rest.number, rest.total, rest.next, len(rest.params["x"])) == ([1, 2, 3], 4, 1, 3)
    for request in (requests[1], requests[3]):
        tuned.complete(request)
    assert columns(tuned, since=1).next == 4
    assert (columns(tuned, since=4).number, columns(tuned, since=4).next) == ([], 4)


def test_a_failed_trial_tells_whose_fault_it_was_and_which_trial_replaced_it(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request)
    tuned.complete(request, try_number=2)
    found = columns(tuned)
    assert (found.state[0], found.kind[0], found.value[0]) == ("failed", "program", None)
    assert (found.superseded, found.origin[4]) == ({0: 4}, "rerun")


def test_relations_of_earlier_trials_are_told_whatever_is_asked_for(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.complete(request)
    invalidate(tuned.store, tuned.name, 0, "Wrong data.")
    tuned.complete(request, try_number=2)
    found = columns(tuned, since=4)
    assert (found.number, found.superseded, found.invalid) == ([4], {0: 4}, [0])


def test_a_result_that_was_taken_back_is_a_failure_without_a_value(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0], value=0.5)
    invalidate(tuned.store, tuned.name, 0, "Wrong data.")
    found = columns(tuned)
    assert (found.state[0], found.value[0], found.invalid) == ("failed", None, [0])


def test_a_value_that_json_cannot_hold_is_null_with_a_mark(tuned: Tuned) -> None:
    point: Params = {"x": 0.5, "kind": "a"}
    tuned.store.optuna.load(tuned.name).add_trial(
        create_trial(
            state=OptunaState.COMPLETE,
            value=math.inf,
            params=point,
            distributions=distributions_of(tuned.study.space, point),
        )
    )
    told = json.loads(columns(tuned).model_dump_json())
    assert (told["value"], told["value_marks"]) == ([None], {"0": "inf"})


def test_a_parameter_without_its_condition_is_null(store: Store) -> None:
    space = {"kind": Categorical(["a", "b"]), "x": Float(0, 1, when={"kind": "a"})}
    tuned = Tuned(store, declared(space=space, start_points=[{"kind": "a", "x": 0.25}, {"kind": "b"}]))
    tuned.suggest()
    found = columns(tuned)
    assert (found.params["kind"][:2], found.params["x"][:2]) == (["a", "b"], [0.25, None])
    assert found.origin[:2] == ["start_point", "start_point"]


def test_a_point_that_a_person_added_and_the_trial_that_runs_it_are_told_from_others(tuned: Tuned) -> None:
    add_trial(tuned.store, tuned.name, {"x": 0.5, "kind": "a"}, "ann")
    tuned.suggest()
    found = columns(tuned)
    assert (found.origin[:3], found.superseded) == (["by_hand", "by_hand", None], {0: 1})


def test_an_attempt_that_gave_the_result_counts_and_not_a_later_one(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    claimed, old = tuned.started(request)
    tuned.started(request, try_number=2)
    tuned.conclude(claimed, old)
    found = columns(tuned)
    assert (found.attempts[0], found.try_number[0], found.kind[0]) == (2, 1, None)


def test_feasible_trials_are_told_from_others(store: Store) -> None:
    tuned = Tuned(store, declared(constraints=[MetricConstraint("time_s", at_most=3)]))
    for request, seconds in zip(tuned.suggest(), (2.0, 9.0), strict=False):
        tuned.complete(request, metrics={"time_s": seconds})
    assert columns(tuned).feasible == [True, False, None, None]
    assert columns(tuned, since=1).feasible == [False, None, None]


def test_a_study_without_constraints_judges_no_trial(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    assert columns(tuned).feasible == [None] * 4


def test_a_study_that_another_program_deleted_has_no_trials(tuned: Tuned) -> None:
    import optuna

    tuned.suggest()
    optuna.delete_study(study_name=tuned.name, storage=tuned.store.database.url)
    assert (columns(tuned).number, columns(tuned).total) == ([], 0)


def test_the_version_stays_while_nothing_happens_and_differs_after_each_change(tuned: Tuned) -> None:
    seen = [version(tuned)]

    def changed() -> bool:
        seen.append(version(tuned))
        return len(set(seen)) == len(seen)

    assert version(tuned) == seen[0]
    request = tuned.suggest()[0]
    assert changed()
    started = tuned.started(request)
    assert changed()
    tuned.conclude(*started)
    assert changed()
    invalidate(tuned.store, tuned.name, 0, "Wrong data.")
    assert changed()
    assert version(tuned) == seen[-1] != version(tuned, since=1)


def test_trials_take_70_bytes_each_and_cost_few_statements(store: Store) -> None:
    edition = store.edition(big_study(store.database, 2_000, running=10))
    with statements(store) as said:
        found = columns_of(store, edition)
    assert (found.total, found.next, len(found.pod)) == (2_000, 1_990, 2_000)
    assert len([each for each in said if each.startswith("SELECT")]) <= 10
    assert len(gzip.compress(found.model_dump_json().encode(), 5)) < 70 * 2_000
    with statements(store) as said:
        version_of(store, edition, found.next)
    assert len([each for each in said if each.startswith("SELECT")]) <= 5
    assert len(columns_of(store, edition, found.next).model_dump_json()) < 4_000
