"""Do something with the result of a study.

What: a DAG that runs whenever the study of ``tune_grid`` has found its best trial.
Why: tuning and production stay apart; the asset event carries the parameters.
Needs: nothing besides this provider.
"""

from airflow.sdk import DAG, task

from airflow_hpo import study_asset

GRID = study_asset("grid")

with DAG("use_best", schedule=[GRID], catchup=False, doc_md=__doc__, tags=["hpo"]):

    @task
    def show(*, triggering_asset_events) -> dict:
        """Return the parameters of the newest event."""
        return triggering_asset_events[GRID][-1].extra["params"]

    show()
