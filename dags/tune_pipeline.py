"""Tune a pipeline: every trial is a group of tasks.

What: prepare, train and evaluate are tasks of their own in every trial; the last one returns the objective.
Why: steps that need other images, pools or retries, and that are rerun one by one from the UI.
Needs: nothing besides this provider.
"""

from airflow.sdk import DAG, task

from airflow_hpo import Float, GroupTrial, Int, Objective, Study, TuneTaskGroup

study = Study(
    name="pipeline",
    objective=Objective("error"),
    space={"degree": Int(1, 4), "ridge": Float(0.001, 10.0, log=True)},
    max_trials=4,
    parallelism=2,
)


@task
def prepare(degree: int) -> list[float]:
    """Make the features."""
    return [power / 10 for power in range(1, degree + 1)]


@task
def train(features: list[float], ridge: float) -> float:
    """Fit the model."""
    return sum(features) / (1 + ridge)


@task
def evaluate(model: float) -> float:
    """Return the objective."""
    return abs(model - 0.5)


def pipeline(trial):
    """One trial: three tasks, the last of which returns the objective."""
    return evaluate(train(prepare(trial.params.degree), trial.params.ridge))


with DAG("tune_pipeline", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    TuneTaskGroup(group_id="tune", study=study, trial=GroupTrial(pipeline))
