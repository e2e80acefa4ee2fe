"""Try every point of a grid.

What: a study without a budget of its own: a grid wants all its points, each exactly once.
Why: small countable spaces, and ablations where every combination has to be seen.
Needs: nothing besides this provider.
"""

from airflow.sdk import DAG

from airflow_hpo import Categorical, Int, Objective, PythonTrial, Study, TuneTaskGroup

study = Study(
    name="grid",
    objective=Objective("cost"),
    space={"warehouses": Int(1, 3), "policy": Categorical(["nearest", "cheapest"])},
    sampler="grid",
    parallelism=3,
)


def cost(trial) -> float:
    """A toy cost."""
    return abs(trial.params["warehouses"] - 2) + (0.5 if trial.params["policy"] == "nearest" else 0.0)


with DAG("tune_grid", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    TuneTaskGroup(group_id="tune", study=study, trial=PythonTrial(cost))
