"""Studies whose runs are made again: backfilled over several days, and continued under one name."""

from datetime import UTC, datetime

from airflow.sdk import DAG, Variable

from airflow_hpo import Float, Objective, PythonTrial, Study, TuneTaskGroup, WarmStart
from airflow_hpo.operators.promotion import PromoteOperator


def cost(trial):
    """Less is better; a person may break it."""
    if Variable.get("again_broken", default=""):
        raise ValueError("the world is broken")
    return trial.params["x"]


def again(dag_id, run="{{ run_id }}", **dag):
    """A study of two trials, and the promotion of the better one."""
    study = Study(
        name=dag_id,
        objective=Objective("loss"),
        space={"x": Float(0.1, 1.0)},
        max_trials=2,
        parallelism=2,
        max_failures=1,
        warm_start=WarmStart(trials=1) if dag["schedule"] else None,
    )
    with DAG(dag_id, catchup=False, **dag):
        tuned = TuneTaskGroup(study=study, trial=PythonTrial(cost), run=run)
        tuned >> PromoteOperator(task_id="promote", parameter_set=dag_id, candidate=tuned.output)


# No run is scheduled by itself: all its days are past.
again(
    "again_daily",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    end_date=datetime(2026, 1, 9, tzinfo=UTC),
)
again("again_main", run="main", schedule=None)
again("again_old", schedule=None)
