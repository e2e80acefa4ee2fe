"""Keep every slot busy.

What: continuous dispatch: each trial asks for its parameters just before it starts.
Why: trials of very different lengths; no slot waits for a batch to fill.
Needs: nothing besides this provider.
"""

from airflow.sdk import DAG

from airflow_hpo import Float, Objective, PythonTrial, Study, TuneTaskGroup

study = Study(
    name="continuous",
    objective=Objective("loss"),
    space={"x": Float(-5.0, 5.0), "y": Float(-5.0, 5.0)},
    max_trials=9,
    max_failures=2,
    parallelism=3,
)


def loss(trial) -> float:
    """A bowl with its bottom at (1, 2)."""
    return (trial.params["x"] - 1) ** 2 + (trial.params["y"] - 2) ** 2


with DAG("tune_continuously", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    TuneTaskGroup(group_id="tune", study=study, trial=PythonTrial(loss), dispatch="continuous")
