"""Use the parameters that were promoted.

What: a production DAG that runs when the parameter set `bikes` gets a new champion, and reads it in a task and a template.
Why: production asks for the champion when it runs, so a promotion or a rollback needs no deployment.
Needs: a champion: `airflow hpo champion set bikes --file dags/data/bikes_in_use.json`.
"""

from airflow.sdk import DAG, task

from airflow_hpo import HpoHook, parameter_set_asset

with DAG("use_champion", schedule=[parameter_set_asset("bikes")], catchup=False, doc_md=__doc__, tags=["hpo"]):

    @task
    def plan() -> dict:
        """Plan with the parameters in use."""
        champion = HpoHook().champion("bikes")
        print(f"Version {champion.version}: {dict(champion.params)}")
        return {"version": champion.version, "margin": champion.params["margin"]}

    @task.bash
    def order() -> str:
        """Order with a parameter in a template."""
        return "echo margin {{ macros.hpo.champion('bikes').params.margin }}"

    plan() >> order()
