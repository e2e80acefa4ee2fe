"""Tune a training program on one machine.

What: 40 trials of gradient boosting on real data, 4 at once, each a process with its own log.
Why: the smallest whole study; the program knows nothing of Airflow or of this provider.
Needs: scikit-learn.
"""

import sys
from pathlib import Path

from airflow.sdk import DAG

from airflow_hpo import Float, Int, Objective, ProcessTrial, Study, TuneTaskGroup

PROGRAM = Path(__file__).parent / "programs" / "train_diabetes.py"

study = Study(
    name="diabetes",
    objective=Objective("rmse", direction="minimize", extra_metrics=["worst_fold"]),
    space={
        "n_estimators": Int(20, 400),
        "learning_rate": Float(0.003, 1.0, log=True),
        "max_depth": Int(1, 7),
        "min_samples_leaf": Int(1, 40),
        "subsample": Float(0.3, 1.0),
    },
    max_trials=40,
    parallelism=4,
    batch_size=1,
)

with DAG("tune_diabetes", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    tuned = TuneTaskGroup(
        group_id="tune",
        study=study,
        trial=ProcessTrial(
            command=[
                sys.executable,
                str(PROGRAM),
                "--n-estimators={{ trial.params.n_estimators }}",
                "--learning-rate={{ trial.params.learning_rate }}",
                "--max-depth={{ trial.params.max_depth }}",
                "--min-samples-leaf={{ trial.params.min_samples_leaf }}",
                "--subsample={{ trial.params.subsample }}",
            ],
            env={"OMP_NUM_THREADS": "1"},
        ),
    )
