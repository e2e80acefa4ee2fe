"""``make demo YEAR=1``: twelve decisions of the demo's retuning as one table, in one process and within a minute.

The declaration is that of the DAG: space, sampler, windows, scenarios and rule. Trials call the demo's program as a function, one
after another, so nothing is stored, and the variant that decides is the only one.
"""

from __future__ import annotations

import argparse
import runpy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import optuna  # noqa: TID253
import pandas as pd  # noqa: TID253
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from airflow_hpo.comparison.allowance import Charged, Claim, Seen, charge_for
from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.decision import Decision, Verdict
from airflow_hpo.comparison.guardrails_in_search import constraints_of
from airflow_hpo.comparison.order import order_of
from airflow_hpo.core.calendar import split
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.optuna.distributions import distribution_of
from airflow_hpo.optuna.samplers import sampler_for
from demo.places import DAG_ID, DAGS

SEASON_BEFORE = datetime(2011, 7, 1, tzinfo=UTC)
"""When the first champion is found: that of `make demo` too."""
DATES = [datetime(2011, 7, 26, tzinfo=UTC) + timedelta(weeks=2) * number for number in range(12)]
Params = dict[str, Any]


def main() -> None:
    """Print the decisions; a challenger that is promoted is the champion of the next date."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    console = Console(width=100)
    retuning = Retuning()
    champion = retuning.challenger(SEASON_BEFORE)
    first = ", ".join(f"{name} {value:.3f}" for name, value in champion.items())
    table = Table("as of", "champion", "challenger", "better by", "p", "may err with", "decision", box=MARKDOWN)
    for at in DATES:
        found = retuning.decide(at, champion)
        best = found.decision.challengers[0]
        claim, verdict = best.improvement, found.decision.verdict
        gain = (claim.champion - claim.challenger) / claim.champion
        means = f"{claim.champion:.0f}", f"{claim.challenger:.0f}"
        table.add_row(
            f"{at:%Y-%m-%d}", *means, f"{gain:.0%}", f"{best.p_value:.3f}", f"{found.level:.3f}", verdict.value
        )
        if verdict is Verdict.PROMOTE:
            champion = found.challenger
    console.print(
        f"The first champion was found as of {SEASON_BEFORE:%Y-%m-%d}: {first}.\n\nCost of a day in the eight weeks before:\n"
    )
    console.print(table)


@dataclass(frozen=True)
class Found:
    """What one retuning ended with."""

    challenger: Params
    decision: Decision
    level: float
    """What the comparison may err with, of the error budget."""


class Retuning:
    """The demo's retuning at any date."""

    def __init__(self) -> None:
        tasks = runpy.run_path(str(DAGS / f"{DAG_ID}.py"))["dag"].task_dict
        self.study = tasks["tune.start"].study
        self.rule = tasks["test.compare_1"].rule
        self.finalists = tasks["finalists"].k
        self.tuning = tasks["tune.batch_001.suggest"].window
        self.validation, self.test = (tasks[f"{name}_scenarios"].window for name in ("validation", "test"))
        self.scenarios = tasks["test_scenarios"].scenarios
        self.charged: list[Charged] = []
        self.planned = runpy.run_path(str(DAGS / "programs" / "plan_bikes.py"))["planned"]

    def challenger(self, at: datetime, champion: Params | None = None) -> Params:
        """Return the best of the finalists on the validation window."""
        best = [params for params in self._tuned(at, champion) if params != champion][: self.finalists]
        means = [self._costs(params, self.validation, at)["cost"].mean() for params in best]
        return best[means.index(min(means))]

    def decide(self, at: datetime, champion: Params) -> Found:
        """Retune at a date, and compare with the champion, at the level that the comparisons before have left."""
        challenger, level = self.challenger(at, champion), self._charged(at)
        order = order_of(split(self.test.period(at), self.scenarios), self.rule.dependence)
        frames = [
            self._costs(params, self.test, at).assign(candidate=name)
            for name, params in (("champion", champion), ("challenger", challenger))
        ]
        frame = pd.concat(frames, ignore_index=True)
        return Found(
            challenger,
            compare(frame, self.study.objective, self.rule, champion="champion", order=order, alpha=level),
            level,
        )

    def _charged(self, at: datetime) -> float:
        """Charge a comparison as the product does, and return its level."""
        period = self.test.period(at)
        cut = [(each.name, each.period) for each in split(period, self.scenarios)]
        seen = tuple(Seen(name, "", each.start, each.end, cut=True) for name, each in cut if each)
        charge = charge_for(self.rule, self.charged, Claim(period.start, period.end, seen))
        self.charged.append(Charged(period.start, period.end, seen, charge.charged))
        return charge.level

    def _tuned(self, at: datetime, champion: Params | None) -> list[Params]:
        """Return the feasible points of a study, best first; the champion is the first trial, and what it measured limits the others."""
        edition, period = f"{self.study.name}@{at:%Y-%m-%d}", self.tuning.period(at)
        known = self.measured(champion, period) if champion else {}
        rails = {one: one.threshold(known.get(one.metric)) for one in constraints_of(self.rule)}
        limits = {one: threshold for one, threshold in rails.items() if threshold is not None}
        space = {name: distribution_of(each) for name, each in self.study.space.items()}
        tuned = optuna.create_study(direction="minimize")
        if champion:
            tuned.enqueue_trial(champion)
        for number in range(self.study.max_trials):
            tuned.sampler = sampler_for(self.study, edition, derived_seed(self.study.seed, edition, str(number)))
            trial = tuned.ask(space)
            measured = self.measured(trial.params, period)
            for one, threshold in limits.items():
                trial.set_constraint(one.text, one.excess(measured[one.metric], threshold))
            tuned.tell(trial, measured["cost"])
        feasible = [each for each in tuned.trials if all(excess <= 0 for excess in each.constraints.values())]
        return [each.params for each in sorted(feasible, key=lambda each: each.value or 0.0)]

    def _costs(self, params: Params, window: Any, at: datetime) -> pd.DataFrame:
        rows = [
            {"scenario": each.name, "variant": "forecast", "replicate": 1, **self.measured(params, each.period)}
            for each in split(window.period(at), self.scenarios)
        ]
        return pd.DataFrame(rows).assign(candidate="", failure_kind=None)

    def measured(self, params: Params, period: Any) -> dict[str, float]:
        """Return what a plan would have cost in a period."""
        days = {"start": period.start.date(), "end": period.end.date()}
        measured: dict[str, float] = self.planned(argparse.Namespace(variant="forecast", **days, **params))
        return measured


if __name__ == "__main__":
    main()
