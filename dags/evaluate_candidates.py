"""Evaluate candidates side by side, on data that their tuning never saw.

What: the parameters in use and a challenger plan each of eight weeks, with and without a weather forecast; a task shows who
was better in how many weeks.
Why: a result means something only beside another one that was measured on the same days with the same seeds.
Needs: nothing besides this provider. The data are of 2011: trigger a run with a logical date such as 2011-09-01.
"""

import sys
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, task

from airflow_hpo import Candidate, EvaluateTaskGroup, Float, HpoHook, Objective, Period, ProcessTrial, Scenario, Study

PROGRAM = Path(__file__).parent / "programs" / "plan_bikes.py"

study = Study(
    name="bikes-by-week",
    objective=Objective("cost", direction="minimize", extra_metrics=["unserved"]),
    space={"level_rate": Float(0.02, 0.9), "margin": Float(-0.1, 0.5)},
    max_trials=24,
    parallelism=4,
)


@task
def weeks(dag_run=None) -> list[dict]:
    """Return the eight weeks before the run, each a scenario with a period of its own."""
    end = dag_run.logical_date or dag_run.run_after
    periods = [Period(start=end - timedelta(weeks=n), end=end - timedelta(weeks=n - 1)) for n in range(8, 0, -1)]
    return [Scenario(f"{period.start:%d %B}", period=period).to_dict() for period in periods]


@task
def show(evaluated: dict) -> dict[str, int]:
    """Count for each variant in how many weeks the challenger was cheaper."""
    frame = HpoHook().evaluations(evaluated["evaluation"])
    costs = frame.pivot(index=["variant", "scenario"], columns="candidate", values="cost").dropna()
    print(costs)
    cheaper = costs["patient"] < costs["champion"]
    return {str(variant): int(count) for variant, count in cheaper.groupby(level="variant").sum().items()}


with DAG("evaluate_candidates", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    evaluation = EvaluateTaskGroup(
        "evaluate",
        study=study,
        candidates=[
            Candidate("champion", {"level_rate": 0.3, "margin": 0.1}),
            Candidate("patient", {"level_rate": 0.1, "margin": 0.2}),
        ],
        scenarios=weeks(),
        variants=["forecast", "climate"],
        trial=ProcessTrial(
            command=[
                sys.executable,
                str(PROGRAM),
                "--start={{ trial.period.start | ds }}",
                "--end={{ trial.period.end | ds }}",
                "--variant={{ trial.variant }}",
                "--level-rate={{ trial.params.level_rate }}",
                "--margin={{ trial.params.margin }}",
            ],
        ),
    )
    show(evaluation.output)
