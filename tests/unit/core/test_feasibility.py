from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from airflow_hpo.core.advice import advice
from airflow_hpo.core.feasibility import NO_LIMITS, Limits
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.objective import Direction, Objective
from airflow_hpo.core.progress import progress_of, was_best
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin, TrialRecord, TrialState
from airflow_hpo.exceptions import DeclarationError

MOST = MetricConstraint("ms", at_most=100)
NEAR = MetricConstraint("ms", at_most="champion + 2%")


def trial(number: int, ms: float | None = None, state: str = "complete", **more: Any) -> TrialRecord:
    metrics = {} if ms is None else {"ms": ms}
    return TrialRecord(number, TrialState(state), {}, float(number), key=f"001/{number}", metrics=metrics, **more)


def champion(ms: float | None = None, state: str = "complete", number: int = 0, **more: Any) -> TrialRecord:
    return trial(number, ms, state, origin=Origin.CHAMPION, **more)


@pytest.mark.parametrize(
    ("bound", "champions", "threshold"),
    [
        ({"at_most": 100}, None, 100.0),
        ({"at_most": "champion + 2%"}, 50.0, 51.0),
        ({"at_most": "champion+2 %"}, -50.0, -49.0),
        ({"at_most": "champion - 3"}, 50.0, 47.0),
        ({"at_least": "champion - 10%"}, 50.0, 45.0),
        ({"at_least": "champion"}, 0.0, 0.0),
        ({"at_least": "champion"}, None, None),
    ],
    ids=str,
)
def test_a_limit_is_a_number_or_follows_the_champion(
    bound: dict[str, Any], champions: float | None, threshold: float | None
) -> None:
    assert MetricConstraint("ms", **bound).threshold(champions) == threshold


def test_a_constraint_reads_as_a_comparison_and_comes_back_from_plain_data() -> None:
    near = MetricConstraint("ms", at_least="champion  -2 %")
    assert (MOST.text, near.text) == ("ms <= 100", "ms >= champion - 2%")
    assert MetricConstraint.from_dict(json.loads(json.dumps(near.to_dict()))) == near


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({}, ["at_most=None, at_least=None", "MetricConstraint('ms', at_most=100)"]),
        ({"at_most": 1, "at_least": 0}, ["one limit", "at_least=10"]),
        ({"at_most": "2% more"}, ["'2% more'", "at_most='champion + 2%'"]),
        ({"at_most": True}, ["True", "Write at_most=100"]),
        ({"at_most": math.nan}, ["nan"]),
        ({"at_least": "champion * 2"}, ["'champion * 2'"]),
    ],
    ids=str,
)
def test_a_wrong_limit_is_told_with_the_line_to_write(given: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(DeclarationError) as caught:
        MetricConstraint("ms", **given)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_a_study_takes_both_kinds_and_gives_them_back(make_study: Callable[..., Study]) -> None:
    study = make_study(objective=Objective("loss", extra_metrics=["ms"]), constraints=["x <= 0.5", MOST, NEAR])
    assert Study.from_dict(study.to_dict()) == study
    assert Study.from_yaml(study.to_yaml()).metric_constraints == [MOST, NEAR]
    assert study.parameter_constraints == ["x <= 0.5"]
    alone = make_study(objective=Objective("loss", extra_metrics=["ms"]), constraints=["x <= 0.5"])
    assert alone.search_fingerprint != study.search_fingerprint


@pytest.mark.parametrize(
    ("constraint", "parts"),
    [
        (MetricConstraint("m_s", at_most=1), ["'m_s', and they are ms", "Did you mean 'ms'?"]),
        (MetricConstraint("size", at_most=1), ["Write Objective('loss', extra_metrics=['ms', 'size'])."]),
        (MetricConstraint("loss", at_most=1), ["which is the objective", "goal="]),
        ("ms <= 100", ["which is a metric", "MetricConstraint('ms', at_most=...)"]),
    ],
    ids=str,
)
def test_a_constraint_is_on_an_extra_metric_of_the_study(
    make_study: Callable[..., Study], constraint: Any, parts: list[str]
) -> None:
    with pytest.raises(DeclarationError) as caught:
        make_study(objective=Objective("loss", extra_metrics=["ms"]), constraints=[constraint])
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize(
    ("sampler", "said"),
    [
        ("tpe", None),
        ("nsga2", None),
        ("cmaes", "goes on towards points that break constraints"),
        ("random", "does not learn from constraints"),
        ("qmc", "does not learn from constraints"),
        ("grid", "does not learn from constraints"),
    ],
)
def test_a_sampler_that_does_not_learn_from_them_is_named(
    make_study: Callable[..., Study], sampler: str, said: str | None
) -> None:
    objective = Objective("loss", extra_metrics=["ms"])
    step = {"space": {"x": {"type": "int", "low": 1, "high": 99}}} if sampler == "grid" else {}
    found = advice(make_study(objective=objective, constraints=[MOST], sampler=sampler, max_trials=100, **step))
    assert (
        [said in remark and "'ms <= 100'" in remark for remark in found] == [True] * bool(said) if said else not found
    )


@pytest.mark.parametrize(
    ("one", "feasible"),
    [
        (trial(1, 100.0), True),
        (trial(1, 100.1), False),
        (trial(1), False),
        (trial(1, 120.0, "pruned"), False),
        (trial(1, 80.0, "pruned"), True),
        (trial(1, None, "pruned"), None),
        (trial(1, 80.0, "running"), None),
        (trial(1, None, "fail"), None),
        (trial(1, 120.0, "fail", invalid="It was measured wrongly."), None),
    ],
    ids=str,
)
def test_a_trial_is_judged_by_what_it_measured(one: TrialRecord, feasible: bool | None) -> None:
    assert Limits.of([MOST], [one]).feasible(one) is feasible


def test_while_the_champion_is_measured_no_trial_counts_and_then_all_are_judged() -> None:
    others = [trial(1, 101.0), trial(2, 103.0)]
    assert [Limits.of([NEAR], [champion(None, "running"), *others]).feasible(one) for one in others] == [None, None]
    ended = Limits.of([NEAR], [champion(100.0), *others])
    assert [ended.feasible(one) for one in others] == [True, False]
    assert ended.breach(others[1]) == "'ms <= champion + 2%' by 1 (103 against 102)"


def test_one_that_breaks_another_limit_is_infeasible_before_the_champion_is_known() -> None:
    one = trial(1, 120.0)
    assert Limits.of([MOST, NEAR], [champion(None, "running"), one]).feasible(one) is False


@pytest.mark.parametrize(
    "trials",
    [[], [champion(None, "fail")], [champion()], [champion(90.0, "pruned")], [champion(9.0, "fail", invalid="Wrong.")]],
    ids=str,
)
def test_without_a_value_of_the_champion_nothing_is_held_back_and_it_is_said(trials: list[TrialRecord]) -> None:
    one = trial(1, 120.0)
    limits = Limits.of([NEAR], [*trials, one])
    assert limits.feasible(one) is True
    assert "'ms <= champion + 2%'" in limits.remarks[0]


def test_a_rerun_of_the_champion_counts_in_its_place() -> None:
    one, again = trial(1, 120.0), trial(2, 119.0, origin=Origin.RERUN, replaces=0)
    assert Limits.of([NEAR], [champion(100.0), one]).feasible(one) is False
    assert Limits.of([NEAR], [champion(100.0), one, again]).feasible(one) is True


def test_the_best_is_feasible_and_patience_counts_from_it() -> None:
    trials = [trial(0, 120.0), trial(1, 100.0), trial(2, 90.0), trial(3, 130.0)]
    progress = progress_of(trials, Direction.MINIMIZE, limits=Limits.of([MOST], trials))
    assert progress.best is trials[1]
    assert (progress.feasible, progress.since_best, progress.infeasible) == (2, 2, None)
    assert progress_of(trials, Direction.MINIMIZE).feasible is None


def test_a_star_is_for_a_feasible_trial() -> None:
    at = {"finished": None}
    assert not was_best(0, [trial(0, 120.0, **at)], Direction.MINIMIZE, [MOST])


def test_of_none_that_is_feasible_the_least_infeasible_is_named() -> None:
    trials = [trial(0), trial(1, 130.0), trial(2, 110.0), trial(3, None, "fail")]
    limits = Limits.of([MOST], trials)
    least = progress_of(trials, Direction.MINIMIZE, limits=limits).infeasible
    assert least is trials[2]
    assert limits.none_feasible(least, "loss") == (
        "No trial is feasible: the least infeasible is trial 2, with loss = 2, which breaks 'ms <= 100' by 10 (110)."
    )
    assert limits.breach(trials[0]) == "'ms <= 100', because it did not report 'ms'"


def test_without_constraints_every_result_is_feasible() -> None:
    one = trial(1)
    assert (NO_LIMITS.feasible(one), NO_LIMITS.breach(one), bool(NO_LIMITS)) == (True, None, False)
