"""Compare three samplers over one network: grid, random and TPE.

What: three studies side by side, eight trials each, tune batch size, learning rate and momentum of a small network that reads
handwritten digits; a task shows the best of each.
Why: the first question about a search is whether the method matters. With few trials it often does not: look at the values that each tried.
Needs: scikit-learn.
"""

from airflow.sdk import DAG, task

from airflow_hpo import Categorical, Float, Int, Objective, PythonTrial, Study, TuneTaskGroup

RANGES = {
    "batch_size": Int(16, 256, log=True),
    "learning_rate": Float(0.001, 0.3, log=True),
    "momentum": Float(0.0, 0.95),
}
RASTER = {
    "batch_size": Categorical([32, 128]),
    "learning_rate": Categorical([0.01, 0.1]),
    "momentum": Categorical([0.5, 0.9]),
}


def accuracy(trial) -> float:
    """The share of digits that the network reads correctly after ten epochs, of 600 that it has not seen."""
    import warnings

    from sklearn.datasets import load_digits
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    data, digits = load_digits(return_X_y=True)
    seen, unseen, seen_digits, unseen_digits = train_test_split(data / 16, digits, test_size=600, random_state=0)
    network = MLPClassifier(
        (32,),
        solver="sgd",
        batch_size=trial.params["batch_size"],
        learning_rate_init=trial.params["learning_rate"],
        momentum=trial.params["momentum"],
        max_iter=10,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # ten epochs are few on purpose
        network.fit(seen, seen_digits)
    return float(network.score(unseen, unseen_digits))


@task
def compare(results: list[dict]) -> dict[str, float]:
    """Show what each sampler found."""
    for result in results:
        print(result["edition"], result["value"], result["params"])
    return {result["edition"].partition("@")[0]: result["value"] for result in results}


with DAG("compare_samplers", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    tuned = [
        TuneTaskGroup(
            group_id=sampler,
            study=Study(
                name=f"digits-{sampler}",
                objective=Objective("accuracy", direction="maximize"),
                space=RASTER if sampler == "grid" else RANGES,
                sampler=sampler,
                max_trials=8,
                parallelism=2,
            ),
            trial=PythonTrial(accuracy),
        )
        for sampler in ("grid", "random", "tpe")
    ]
    compare([group.output for group in tuned])
