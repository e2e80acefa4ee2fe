"""Evaluations with results of the test's choosing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from airflow_hpo.core.evaluation import Candidate, Plan
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.window import Period
from airflow_hpo.evaluations.run import conclude_evaluation, evaluation_requests, open_evaluation
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.claim import begin, claim
from airflow_hpo.trials.conclude import conclude, fail
from tests.integration.trial_tasks import START, WORK, task_try_of

LOSS = Objective("loss", extra_metrics=["time_s"])
CHAMPION = Candidate("champion", {"x": 0.5, "kind": "a"}, parameter_set="demo/tokyo", version=3, value=1.0)


def challenger(number: int, value: float = 0.9) -> Candidate:
    """Return a challenger as a study of the name ``demo`` finds it."""
    return Candidate(f"trial {number}", {"x": number / 100, "kind": "b"}, study="demo@r", number=number, value=value)


def evaluated(
    store: Store,
    values: Mapping[str, Sequence[float | None]],
    candidates: Sequence[Candidate],
    *,
    family: str = "demo/test",
    run: str = "r",
    first_replicate: int = 1,
    time_s: float = 2.0,
    period: Period | None = None,
    placed: Mapping[str, Placement] = MappingProxyType({}),
) -> str:
    """Evaluate candidates and return the edition.

    :param store: the study database.
    :param values: each candidate's value in every scenario; None for an evaluation that fails.
    :param candidates: who is evaluated.
    :param family: name of the evaluation's study.
    :param run: what tells runs apart.
    :param first_replicate: number of the repetition.
    :param time_s: the extra metric of every evaluation.
    :param period: what data every evaluation works on.
    :param placed: where the evaluations of some candidates run.
    """
    days = [f"day {i}" for i in range(len(next(iter(values.values()))))]
    plan = Plan(
        objective=LOSS,
        candidates=list(candidates),
        scenarios=days,
        first_replicate=first_replicate,  # type: ignore[arg-type]
        period=period,
    )
    opened = open_evaluation(store, plan, family, run, START)
    for request in evaluation_requests(store, opened):
        assert request.candidate
        assert request.scenario
        place = task_try_of(request.key, retries=0)
        claimed = claim(store, request, WORK, place)
        attempt = begin(store, claimed, place, "process", placed.get(request.candidate, Placement()))
        value = values[request.candidate][days.index(request.scenario.name)]
        if value is None:
            fail(store, attempt, Outcome.failed("It broke.", exit_code=3), place, 0)
        else:
            conclude(store, attempt, Outcome.complete(Measurement(value, {"time_s": time_s})))
    conclude_evaluation(store, opened.edition)
    return opened.edition
