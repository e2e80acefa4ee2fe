"""Choose a model and its parameters in one study.

What: a search space with conditions: every kind of model has parameters of its own.
Why: model selection and tuning share one budget, and only parameters that matter are sampled.
Needs: scikit-learn.
"""

from airflow.sdk import DAG

from airflow_hpo import Categorical, Float, Int, Objective, PythonTrial, Study, TuneTaskGroup

study = Study(
    name="wine-model",
    objective=Objective("accuracy", direction="maximize"),
    space={
        "model": Categorical(["svm", "neighbors"]),
        "C": Float(0.01, 100.0, log=True, when={"model": "svm"}),
        "gamma": Float(0.0001, 1.0, log=True, when={"model": "svm"}),
        "n_neighbors": Int(1, 30, when={"model": "neighbors"}),
    },
    max_trials=10,
    parallelism=2,
    start_points=[{"model": "svm", "C": 1.0, "gamma": 0.1}],
)


def accuracy(trial) -> float:
    """Cross-validated accuracy on the wine data."""
    from sklearn.datasets import load_wine
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    options = dict(trial.params)
    model = {"svm": SVC, "neighbors": KNeighborsClassifier}[options.pop("model")](**options)
    data, target = load_wine(return_X_y=True)
    return float(cross_val_score(make_pipeline(StandardScaler(), model), data, target, cv=5).mean())


with DAG("tune_models", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    TuneTaskGroup(group_id="tune", study=study, trial=PythonTrial(accuracy))
