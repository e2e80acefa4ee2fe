"""Tune a Python function, and give up trials that promise nothing.

What: a function reports a value at every step; the median pruner ends trials that fall behind.
Why: the quickest way from a notebook to Airflow, with early stopping.
Needs: nothing besides this provider.
"""

from airflow.sdk import DAG

from airflow_hpo import Float, Objective, Pruner, PythonTrial, Study, TrialPruned, TuneTaskGroup

study = Study(
    name="curve",
    objective=Objective("loss"),
    space={"rate": Float(0.01, 1.0, log=True), "momentum": Float(0.0, 0.99)},
    max_trials=12,
    parallelism=3,
    pruner=Pruner("median", n_startup_trials=3, n_warmup_steps=2),
)


def descend(trial) -> float:
    """Minimise x squared by gradient descent with momentum; the loss after 20 steps."""
    position, velocity = 1.0, 0.0
    for step in range(20):
        velocity = trial.params["momentum"] * velocity - trial.params["rate"] * 2 * position
        position += velocity
        trial.report(position**2, step=step)
        if trial.should_prune():
            raise TrialPruned
    return position**2


with DAG("tune_function", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    TuneTaskGroup(group_id="tune", study=study, trial=PythonTrial(descend))
