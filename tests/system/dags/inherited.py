"""A task that says which of the costly modules its process had before it imported any."""

import sys

from airflow.sdk import DAG, task

COSTLY = ("kubernetes.client", "kubernetes_asyncio.client", "optuna", "airflow_hpo.operators.pod")

with DAG("inherited", schedule=None, catchup=False):

    @task
    def known():
        """Return the costly modules that are there already."""
        return [name for name in COSTLY if name in sys.modules]

    known()
