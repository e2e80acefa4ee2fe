from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.budget import End
from airflow_hpo.core.evaluation import KEYS, Candidate, Plan, Scenario
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import TrialRequest, TrialState
from airflow_hpo.core.window import Period
from airflow_hpo.core.work import Work
from airflow_hpo.evaluations.run import conclude_evaluation, evaluation_requests, evaluations_frame, open_evaluation
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage import evaluations
from airflow_hpo.storage.evaluations import Evaluation
from airflow_hpo.studies.rows import edition_row
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.claim import Claim, begin, claim
from airflow_hpo.trials.conclude import conclude, fail
from tests.integration.trial_tasks import START, WORK, Tuned, task_try_of

FAMILY = "demo/validate"
JANUARY = Period(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 2, 1, tzinfo=UTC))
NEW_YEAR = Period(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 2, tzinfo=UTC))
PLAN = Plan(
    objective=Objective("loss", goal=0.5, extra_metrics=["time_s"]),
    candidates=[
        Candidate("trial 3", {"z": "{{ x }}", "a": None}, study="demo@r", number=3, value=0.1),
        Candidate("champion", {"a": 1}, parameter_set="demo", version=2),
    ],
    scenarios=[Scenario("new year", {"day": 1}, NEW_YEAR), "monday"],
    replicates=2,
    seed=5,
    period=JANUARY,
)


class Evaluated:
    """An open evaluation, and what its tasks do."""

    def __init__(self, store: Store, plan: Plan = PLAN) -> None:
        self.store, self.plan = store, plan
        self.evaluation: Evaluation = open_evaluation(store, plan, FAMILY, "r", START, look=2)
        self.name = self.evaluation.edition

    def requests(self) -> list[TrialRequest]:
        return evaluation_requests(self.store, self.evaluation)

    def claim(self, request: TrialRequest, try_number: int = 1, work: Work = WORK) -> Claim:
        return claim(self.store, request, work, self._place(request, try_number))

    def complete(self, request: TrialRequest, value: float = 1.0, try_number: int = 1, work: Work = WORK) -> None:
        claimed = self.claim(request, try_number, work)
        attempt = begin(self.store, claimed, self._place(request, try_number), "process", Placement())
        conclude(self.store, attempt, Outcome.complete(Measurement(value, {"time_s": 2.0})))

    def fail(self, request: TrialRequest) -> None:
        claimed = self.claim(request)
        attempt = begin(self.store, claimed, self._place(request), "process", Placement())
        fail(self.store, attempt, Outcome.failed("It broke."), self._place(request), 0)

    def _place(self, request: TrialRequest, try_number: int = 1) -> TaskTry:
        return task_try_of(request.key.partition("#")[0], try_number)


@pytest.fixture
def evaluated(store: Store) -> Evaluated:
    return Evaluated(store)


def keys_of(request: TrialRequest) -> tuple[Any, ...]:
    assert request.scenario
    return request.candidate, request.scenario.name, request.variant, request.replicate


def test_every_candidate_meets_every_scenario_and_replicate_once(evaluated: Evaluated) -> None:
    requests = evaluated.requests()

    assert len(requests) == len({keys_of(request) for request in requests}) == PLAN.size
    assert {request.candidate for request in requests} == {"trial 3", "champion"}


def test_a_request_has_what_its_names_stand_for(evaluated: Evaluated) -> None:
    request = next(r for r in evaluated.requests() if keys_of(r) == ("trial 3", "new year", "", 2))

    assert list(request.params.items()) == [("z", "{{ x }}"), ("a", None)]
    assert request.scenario == PLAN.scenarios[0]
    assert request.period == NEW_YEAR


def test_a_scenario_without_a_period_has_that_of_the_plan(evaluated: Evaluated) -> None:
    assert {r.period for r in evaluated.requests() if r.scenario and r.scenario.name == "monday"} == {JANUARY}


def test_candidates_share_their_seeds_and_nothing_else_does(evaluated: Evaluated) -> None:
    seeds: dict[tuple[Any, ...], set[int]] = {}
    for request in evaluated.requests():
        seeds.setdefault(keys_of(request)[1:], set()).add(request.seed)

    assert all(len(shared) == 1 for shared in seeds.values())
    assert len(set.union(*seeds.values())) == len(seeds) == 4


def test_variants_share_their_seeds_too(store: Store) -> None:
    evaluated = Evaluated(store, PLAN.model_copy(update={"variants": ["model", "fallback"]}))

    seeds = {(*keys_of(r)[1:], r.seed) for r in evaluated.requests()}

    assert {(s, n, seed) for s, v, n, seed in seeds if v == "model"} == {
        (s, n, seed) for s, v, n, seed in seeds if v == "fallback"
    }


def test_evaluations_that_wait_for_their_tasks_are_not_called_running(evaluated: Evaluated, store: Store) -> None:
    first = evaluated.requests()[0]
    begin(store, evaluated.claim(first), evaluated._place(first), "process", Placement())
    look, every = status(store, evaluated.name), len(evaluated.requests())
    assert (look.running, look.waiting, every > look.edition.study.slots) == (1, every - 1, True)
    assert f"1 running, {every - 1} waiting of {every}" in str(look)
    assert edition_row(store, look.edition)["running"] == 1


def test_planning_again_returns_the_same_requests(evaluated: Evaluated, store: Store) -> None:
    first = evaluated.requests()
    evaluated.complete(first[0])

    assert Evaluated(store).requests() == first
    assert len(store.optuna.records(evaluated.name)) == PLAN.size


def test_planning_that_was_killed_halfway_goes_on(evaluated: Evaluated, store: Store) -> None:
    study = store.edition(evaluated.name).study
    store.optuna.ask(evaluated.name, study, ["001/0", "001/1", "001/2"])

    assert len({keys_of(request) for request in evaluated.requests()}) == PLAN.size


def test_another_plan_is_another_edition(evaluated: Evaluated, store: Store) -> None:
    other = Evaluated(store, PLAN.model_copy(update={"first_replicate": 3}))

    assert other.name != evaluated.name
    assert other.name.startswith(f"{FAMILY}@r.")


def test_the_plan_is_kept_as_it_was_written_first(evaluated: Evaluated, store: Store) -> None:
    with store.session() as session:
        evaluations.keep(session, evaluated.name, PLAN.model_copy(update={"seed": 9}), look=3)
        kept = evaluations.get(session, evaluated.name)

    assert (kept.plan, kept.look) == (PLAN, 2)
    assert list(kept.plan.candidates[0].params) == ["z", "a"]


def test_an_edition_that_tunes_is_no_evaluation(tuned: Tuned) -> None:
    with pytest.raises(StudyNotFoundError, match="An evaluation must be in the store, but 'demo@r' is not"):
        evaluations_frame(tuned.store, [tuned.name])


def test_a_task_runs_the_candidates_parameters_and_not_the_grids(evaluated: Evaluated) -> None:
    request = evaluated.requests()[0]

    assert evaluated.claim(request).request == request.model_copy(update={"slot": 0})


def test_a_rerun_keeps_everything_but_its_number(evaluated: Evaluated) -> None:
    request = evaluated.requests()[0]
    evaluated.complete(request)

    again = evaluated.claim(request, try_number=2, work=Work("1e" * 8)).request

    assert again.number == PLAN.size
    assert again == request.model_copy(update={"number": again.number, "key": again.key, "slot": 0})


def test_a_complete_evaluation_answers(evaluated: Evaluated) -> None:
    request = evaluated.requests()[0]
    evaluated.complete(request)

    assert evaluated.claim(request, try_number=2).answered


def test_reaching_the_studys_goal_ends_no_evaluation(evaluated: Evaluated, store: Store) -> None:
    evaluated.complete(evaluated.requests()[0], value=0.0)

    assert store.edition(evaluated.name).study.objective.goal is None


def test_what_is_missing_is_counted_and_named(evaluated: Evaluated, store: Store) -> None:
    first, *others = evaluated.requests()
    evaluated.fail(first)
    for request in others:
        evaluated.complete(request)

    outcome = conclude_evaluation(store, evaluated.name)

    assert (outcome.complete, outcome.data["failed"]) == (7, 1)
    assert outcome.missing == [{**dict(zip(KEYS, keys_of(first), strict=True)), "reason": "It broke."}]
    assert [Candidate.from_dict(each) for each in outcome.data["candidates"]] == PLAN.candidates


def test_the_end_of_an_evaluation_is_written_down(evaluated: Evaluated, store: Store) -> None:
    for request in evaluated.requests():
        evaluated.complete(request)
    conclude_evaluation(store, evaluated.name)

    edition = store.edition(evaluated.name)

    assert (edition.end, edition.reason) == (End.MAX_TRIALS, "8 of 8 evaluations are complete.")
    assert edition.finished
    assert edition.best_number is None


def test_an_evaluation_that_runs_again_counts_instead_of_the_failed_one(evaluated: Evaluated, store: Store) -> None:
    for request in evaluated.requests():
        evaluated.fail(request)
    assert conclude_evaluation(store, evaluated.name).complete == 0

    evaluated.complete(evaluated.requests()[0], value=0.25, try_number=2)

    assert conclude_evaluation(store, evaluated.name).complete == 1
    frame = evaluations_frame(store, [evaluated.name])
    assert len(frame) == PLAN.size
    assert list(frame["loss"].dropna()) == [0.25]


def test_the_frame_has_what_a_comparison_needs(evaluated: Evaluated, store: Store) -> None:
    for request in evaluated.requests():
        evaluated.complete(request, value=1.0 if request.candidate == "champion" else 0.9)

    frame = evaluations_frame(store, [evaluated.name])
    decision = compare(frame, PLAN.objective, ComparisonRule(guardrails={}))

    assert decision.evidence.pairs == 2
    assert list(frame.columns) == [
        *KEYS,
        "evaluation",
        "number",
        "state",
        "seed",
        "reason",
        "failure_kind",
        "loss",
        "time_s",
    ]
    assert set(frame["time_s"]) == {2.0}


def test_failed_evaluations_are_rows_without_metrics(evaluated: Evaluated, store: Store) -> None:
    first, second, *_ = evaluated.requests()
    evaluated.fail(first)
    evaluated.complete(second)

    frame = evaluations_frame(store, [evaluated.name]).set_index("number")

    assert frame.loc[first.number, ["loss", "time_s"]].isna().all()
    assert (frame.loc[first.number, "state"], frame.loc[first.number, "reason"]) == ("fail", "It broke.")


def test_an_evaluation_that_was_given_up_is_missing_whatever_it_had_reached(evaluated: Evaluated, store: Store) -> None:
    first, *others = evaluated.requests()
    store.optuna.tell(evaluated.name, first.number or 0, TrialState.PRUNED, 0.25)
    for other in others:
        store.optuna.tell(evaluated.name, other.number or 0, TrialState.FAIL)

    frame = evaluations_frame(store, [evaluated.name]).set_index("number")

    assert store.optuna.record(evaluated.name, first.number or 0).value == 0.25
    assert frame["loss"].isna().all()
    assert len(conclude_evaluation(store, evaluated.name).missing) == PLAN.size


def test_looks_are_read_together(evaluated: Evaluated, store: Store) -> None:
    second = Evaluated(store, PLAN.model_copy(update={"first_replicate": 3}))
    for each in (evaluated, second):
        for request in each.requests():
            each.complete(request)

    frame = evaluations_frame(store, [evaluated.name, second.name])

    assert len(frame) == 2 * PLAN.size
    assert not frame.duplicated(list(KEYS)).any()


def test_the_place_that_opened_an_evaluation_is_kept(store: Store) -> None:
    place = TaskTry(TaskRun("retune", "r", "validate.plan"))

    edition = store.edition(open_evaluation(store, PLAN, FAMILY, "r", place, parallelism=3).edition)

    assert (edition.dag_id, edition.group_id, edition.study.slots) == ("retune", "validate", 3)
