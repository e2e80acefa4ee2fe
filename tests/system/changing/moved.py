"""A study whose DAG moves to another folder, with another version and other retries: nothing of it decides a value."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow_hpo import Float, PythonTrial, Study, TuneTaskGroup

CHANGED = False


def cost(trial):
    """Less is better."""
    return trial.params["x"]


with DAG("moved", schedule=None, catchup=False, default_args={"retries": 2 if CHANGED else 0}):
    tuned = TuneTaskGroup(
        study=Study(name="moved", objective="loss", space={"x": Float(0.1, 1.0)}, max_trials=2, parallelism=2),
        trial=PythonTrial(cost),
    )
    if CHANGED:
        tuned >> EmptyOperator(task_id="published")
