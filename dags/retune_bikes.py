"""Retune every month, and let production use what has proven better.

What: the whole cycle on a year of real demand for rental bikes. Each month 24 trials tune the plan of how many bikes stand
ready on eight past weeks; the best three are measured again on the four weeks after; the best of those meets the parameters
in use on the eight newest weeks, with and without a weather forecast; a person agrees; production reads the new version.
Why: parameters that were best in spring are not in autumn, and the best of many trials was also lucky.
Needs: nothing besides this provider. The data end with 2011: trigger a run with a logical date such as 2011-12-01.
On pods: `trial=PodTrial(image=..., arguments=[...])`, with the same arguments.
"""

import sys
from datetime import datetime
from pathlib import Path

from airflow_hpo import ComparisonRule, Float, Guardrail, Objective, ProcessTrial, Study, Window, retuning_dag

PROGRAM = Path(__file__).parent / "programs" / "plan_bikes.py"

dag = retuning_dag(
    "retune_bikes",
    study=Study(
        name="bikes",
        objective=Objective("cost", direction="minimize", extra_metrics=["unserved"]),
        space={
            "level_rate": Float(0.02, 0.4),
            "weekday_rate": Float(0.01, 0.3),
            "per_degree": Float(0.0, 0.04),
            "rain": Float(0.2, 0.8),
            "margin": Float(0.0, 0.3),
        },
        max_trials=24,
        parallelism=4,
    ),
    trial=ProcessTrial(
        command=[
            sys.executable,
            str(PROGRAM),
            "--start={{ trial.period.start | ds }}",
            "--end={{ trial.period.end | ds }}",
            "--variant={{ trial.variant or 'forecast' }}",
            "--level-rate={{ trial.params.level_rate }}",
            "--weekday-rate={{ trial.params.weekday_rate }}",
            "--per-degree={{ trial.params.per_degree }}",
            "--rain={{ trial.params.rain }}",
            "--margin={{ trial.params.margin }}",
        ],
    ),
    tuning=Window("-20w", "-12w"),
    validation=Window("-12w", "-8w"),
    test=Window("-8w"),
    scenarios="4d",
    variants=["forecast", "climate"],
    rule=ComparisonRule(variant="forecast", guardrails={"unserved": Guardrail("minimize", margin=0.05)}),
    schedule="@monthly",
    start_date=datetime(2011, 1, 1),
    end_date=datetime(2012, 1, 1),
    doc_md=__doc__,
    tags=["hpo"],
)
