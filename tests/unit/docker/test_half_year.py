"""What a half-year of the dispatch simulator decides, with trials as calls: planted gains are promoted, and none is kept."""

from __future__ import annotations

import runpy
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest

from airflow_hpo.comparison.allowance import most_allowed
from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.decision import Verdict
from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.comparison.order import order_of
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.calendar import split
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space.space import Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window
from airflow_hpo.optuna.distributions import distribution_of
from airflow_hpo.optuna.samplers import sampler_for

SIMULATOR = runpy.run_path(str(Path(__file__).parents[3] / "docker" / "trial" / "image" / "app" / "dispatch.py"))
STUDY = Study(
    name="dispatch/tokyo",
    objective=Objective("revenue", direction="maximize", extra_metrics=["unserved"]),
    space={"discount": Float(0.85, 0.99), "turn_weight": Float(0.0, 4.0), "max_wait_s": Int(60, 900)},
    max_trials=40,
)
RULE = ComparisonRule(min_improvement=0.005, scale="relative", guardrails={"unserved": Guardrail("minimize", 0.02)})


def day(params: dict[str, Any], gain: float, name: str) -> dict[str, float]:
    forecast = SIMULATOR["demand"]("tokyo", name, 0)
    found: dict[str, float] = SIMULATOR["simulate"]("tokyo", name, gain, params, forecast, derived_seed(0, name))
    return found


def challenger(gain: float) -> dict[str, Any]:
    """Return the best trial of a study of weeks; the parameters in use are the first."""
    tuned = optuna.create_study(direction="maximize")
    tuned.enqueue_trial(SIMULATOR["IN_USE"])
    space = {name: distribution_of(each) for name, each in STUDY.space.items()}
    for number in range(STUDY.max_trials or 0):
        tuned.sampler = sampler_for(STUDY, STUDY.name, derived_seed(0, STUDY.name, str(number)))
        trial = tuned.ask(space)
        tuned.tell(trial, statistics.fmean(day(trial.params, gain, f"tuning {n}")["revenue"] for n in range(7)))
    best: list[dict[str, Any]] = [trial.params for trial in sorted(tuned.trials, key=lambda each: -(each.value or 0.0))]
    return next(params for params in best if params != SIMULATOR["IN_USE"])


@pytest.mark.parametrize(
    ("planted", "verdict"), [(0.0, Verdict.KEEP), (0.014, Verdict.PROMOTE), (0.05, Verdict.PROMOTE)]
)
def test_a_half_year_promotes_what_is_planted_and_keeps_what_is_best_already(planted: float, verdict: Verdict) -> None:
    candidates = {"champion": SIMULATOR["IN_USE"], "challenger": challenger(planted)}
    days = split(Window("-4w").period(datetime(2026, 7, 1, tzinfo=UTC)), "1d")
    rows = [
        {"candidate": name, "scenario": each.name, "variant": "", "replicate": 1, **day(params, planted, f"test {n}")}
        for name, params in candidates.items()
        for n, each in enumerate(days)
    ]
    frame, order = pd.DataFrame(rows).assign(failure_kind=None), order_of(days, RULE.dependence)
    # Two regions share the error budget.
    level = most_allowed(ComparisonRule(error=ErrorBudget(among=2)))
    found = compare(frame, STUDY.objective, RULE, champion="champion", order=order, alpha=level)
    assert found.verdict is verdict
    claim = found.challengers[0].improvement
    assert claim.challenger / claim.champion - 1 == pytest.approx(planted, abs=0.005)
