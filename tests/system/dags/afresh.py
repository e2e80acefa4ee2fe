"""A study whose data change, so that another trial wins when it is computed afresh: tuned, evaluated, promoted."""

from datetime import UTC, datetime

from airflow.sdk import DAG, Variable

from airflow_hpo import Float, Objective, ProcessTrial, PythonTrial, Study, TuneTaskGroup
from airflow_hpo.operators.promotion import PromoteOperator
from airflow_hpo.operators.selection import SelectCandidatesOperator
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup


def cost(trial):
    """Less is better; the sign stands for the data, which a person may correct."""
    return float(Variable.get("afresh_sign", default="1")) * trial.params["x"]


with DAG("afresh", schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=4):
    STUDY = Study(
        name="afresh", objective=Objective("loss"), space={"x": Float(0.1, 1.0)}, max_trials=2, parallelism=2, seed=1
    )
    tuned = TuneTaskGroup(study=STUDY, trial=PythonTrial(cost))
    best = SelectCandidatesOperator(task_id="best", study=STUDY, k=1)
    validated = EvaluateTaskGroup(
        "validate", study=STUDY, candidates=best.output, scenarios=["rain"], trial=PythonTrial(cost)
    )
    promote = PromoteOperator(task_id="promote", parameter_set="afresh", candidate=tuned.output, allow_older=True)
    tuned >> best
    validated >> promote

with DAG("changed", schedule=None, catchup=False):
    changed = TuneTaskGroup(
        study=Study(
            name="changed",
            objective=Objective("loss"),
            space={"x": Float(0.1, 1.0)},
            max_trials=2,
            parallelism=2,
            seed=1,
        ),
        trial=ProcessTrial(["sh", "-c", "echo loss={{ var.value.get('changed_sign', '') }}{{ trial.params.x }}"]),
    )
    changed >> PromoteOperator(task_id="promote", parameter_set="changed", candidate=changed.output)
