"""Evaluations with results of the test's choosing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from airflow_hpo.core.evaluation import Candidate, Plan, Scenario
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import FailureKind
from airflow_hpo.core.window import Period
from airflow_hpo.evaluations.run import conclude_evaluation, evaluation_requests, open_evaluation
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.claim import begin, claim
from airflow_hpo.trials.conclude import conclude, fail
from airflow_hpo.trials.lost import reap
from tests.integration.trial_tasks import START, WORK, task_try_of

LOSS = Objective("loss", extra_metrics=["time_s"])
CHAMPION = Candidate("champion", {"x": 0.5, "kind": "a"}, parameter_set="demo/tokyo", version=3, value=1.0)

Failures = FailureKind | tuple[FailureKind, ...] | None


def challenger(number: int, value: float = 0.9) -> Candidate:
    """Return a challenger as a study of the name ``demo`` finds it."""
    return Candidate(f"trial {number}", {"x": number / 100, "kind": "b"}, study="demo@r", number=number, value=value)


def evaluated(
    store: Store,
    values: Mapping[str, Sequence[float | Failures]],
    candidates: Sequence[Candidate],
    *,
    family: str = "demo/test",
    run: str = "r",
    first_replicate: int = 1,
    time_s: float = 2.0,
    period: Period | None = None,
    since: datetime | None = None,
    placed: Mapping[str, Placement] = MappingProxyType({}),
    without: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Evaluate candidates and return the edition.

    :param store: the study database.
    :param values: each candidate's value in every scenario; for an evaluation that fails how each of its attempts does, or
        None for a program that breaks.
    :param candidates: who is evaluated.
    :param family: name of the evaluation's study.
    :param run: what tells runs apart.
    :param first_replicate: number of the repetition.
    :param time_s: the extra metric of every evaluation.
    :param period: what data every evaluation works on.
    :param since: makes the scenarios days in a row, the first of which begins then.
    :param placed: where the evaluations of some candidates run.
    :param without: the scenario in which a candidate leaves the extra metric out.
    """
    days = [f"day {i}" for i in range(len(next(iter(values.values()))))]
    plan = Plan(
        objective=LOSS,
        candidates=list(candidates),
        scenarios=[_day(name, since, number) for number, name in enumerate(days)],
        first_replicate=first_replicate,  # type: ignore[arg-type]
        period=period,
    )
    opened = open_evaluation(store, plan, family, run, START)
    for request in evaluation_requests(store, opened):
        assert request.candidate
        assert request.scenario
        value = values[request.candidate][days.index(request.scenario.name)]
        kinds = _attempts(value)
        for number, kind in enumerate(kinds, 1):
            place = task_try_of(request.key, retries=len(kinds) - 1, try_number=number)
            claimed = claim(store, request, WORK, place)
            attempt = begin(store, claimed, place, "process", placed.get(request.candidate, Placement()))
            if kind:
                fail(store, attempt, Outcome.failed("It broke.", kind, exit_code=3), place, len(kinds) - 1)
            else:
                extra = {} if without.get(request.candidate) == request.scenario.name else {"time_s": time_s}
                conclude(store, attempt, Outcome.complete(Measurement(value, extra)))
        if kinds[-1] is FailureKind.KILLED:
            reap(store, opened.edition, [attempt.number])
    conclude_evaluation(store, opened.edition)
    return opened.edition


def _day(name: str, since: datetime | None, number: int) -> Scenario:
    if since is None:
        return Scenario(name)
    start = since + timedelta(days=number)
    return Scenario(name, period=Period(start=start, end=start + timedelta(days=1)))


def _attempts(value: float | Failures) -> tuple[FailureKind | None, ...]:
    """Return how each attempt fails; None for the one that succeeds."""
    if isinstance(value, tuple):
        return value
    return (FailureKind.PROGRAM,) if value is None else (value,) if isinstance(value, FailureKind) else (None,)
