"""How many finalists of the demo's retuning break a guardrail on the window that they were tuned on, with and without it in the search.

The declaration and the data are those of ``make demo``, as of December; the guardrail's margin is narrower. Trials call the demo's
program as a function, and go through the provider's own path, database included.

    python -m benchmarks.guardrails_in_search [--quick] [--seeds N] [--margin 0.01]
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

from airflow_hpo.comparison.guardrails_in_search import constrained, constraints_of
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.feasibility import Limits
from airflow_hpo.core.space.parameter import same_params
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialState
from airflow_hpo.evaluations.select import best_trials
from airflow_hpo.optuna.migrate import create_schema
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import upgrade
from demo.year import SEASON_BEFORE, Params, Retuning

AS_OF = datetime(2011, 12, 1, tzinfo=UTC)
EDITION = "bikes@1"


demo = lru_cache(maxsize=1)(Retuning)


@dataclass(frozen=True)
class Found:
    """What one study of the retuning found."""

    finalists: int
    broken: int
    """How many of the finalists break the guardrail."""
    feasible: int
    best: float | None
    """The best value of the trials that keep it."""


def run(champion: Params, seed: int, margin: float, in_search: bool) -> Found:
    """Tune once."""
    retuning = demo()
    # Airflow, which the DAG imports, shows what every migration says.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    rule = ComparisonRule(guardrails={"unserved": Guardrail("minimize", margin=margin)})
    declared = Study(
        **{**{name: getattr(retuning.study, name) for name in retuning.study.model_fields_set}, "seed": seed}
    )
    study = constrained(declared, rule) if in_search else declared
    with tempfile.TemporaryDirectory() as folder:
        database = Database.sqlite(Path(folder) / "hpo.db")
        upgrade(database)
        create_schema(database)
        studies = OptunaStudies(database)
        studies.create(EDITION, study)
        studies.enqueue_champion(EDITION, study, champion)
        for batch in range(study.wanted // study.slots):
            for request in studies.ask(EDITION, study, [f"{batch}/{index}" for index in range(study.slots)]):
                measured = retuning.measured(request.params, retuning.tuning.period(AS_OF))
                cost = measured.pop("cost")
                studies.tell(EDITION, request.number or 0, TrialState.COMPLETE, cost, measured)
        records = studies.records(EDITION)
    kept = Limits.of(study.metric_constraints, records).kept_by(records)
    ranked = best_trials(kept, study.objective.direction, retuning.finalists + 1)
    finalists = [each for each in ranked if not same_params(each.params, champion)][: retuning.finalists]
    limits = Limits.of(constraints_of(rule), records)
    keeping = [record.value for record in limits.kept_by(records) if record.value is not None]
    broken = sum(limits.feasible(each) is False for each in finalists)
    return Found(len(finalists), broken, len(keeping), min(keeping, default=None))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4 seeds")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--margin", type=float, default=0.01)
    options = parser.parse_args()
    seeds = range(4 if options.quick else options.seeds)
    logging.getLogger("optuna").setLevel(logging.ERROR)
    champion = Retuning().challenger(SEASON_BEFORE)
    table = Table(title=f"Guardrail on unserved with margin {options.margin:g}, {len(seeds)} studies of the demo")
    for column in (
        "the guardrail",
        "finalists that break it",
        "studies of which all do",
        "feasible trials",
        "best feasible",
    ):
        table.add_column(column)
    with ProcessPoolExecutor(2) as pool:
        for name, in_search in (("watches the comparison alone", False), ("is in the search", True)):
            tasks = [(champion, seed, options.margin, in_search) for seed in seeds]
            found = list(pool.map(run, *zip(*tasks, strict=True)))
            finalists = sum(each.finalists for each in found)
            all_of = sum(each.broken == each.finalists > 0 for each in found)
            best = statistics.median(each.best for each in found if each.best is not None)
            table.add_row(
                name,
                f"{sum(each.broken for each in found) / finalists:.0%}",
                f"{all_of / len(found):.0%}",
                f"{statistics.mean(each.feasible for each in found):.1f}",
                f"{best:.0f}",
            )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
