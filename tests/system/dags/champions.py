"""Parameter sets for the system tests: moved by one DAG, read by another."""

from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, get_current_context, task

from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.parameter_set_asset import parameter_set_asset
from airflow_hpo.operators.promotion import PromoteOperator, RollbackOperator


@task
def decide():
    """Return the candidate that the run was asked to promote."""
    return get_current_context()["dag_run"].conf["candidate"]


@task
def read(name, hpo_conn_id="hpo_default"):
    """Return what production uses."""
    found = HpoHook(hpo_conn_id).champion(name)
    return {"version": found.version, "params": dict(found.params)}


RETRIES = {"retries": 2, "retry_delay": timedelta(seconds=1)}

for city in ("tokyo", "osaka", "kyoto"):
    name = f"system/{city}"

    with DAG(f"promote_{city}", schedule=None, catchup=False, default_args=RETRIES):
        PromoteOperator(
            task_id="promote",
            parameter_set=name,
            candidate=decide(),
            expected_version="{{ dag_run.conf.expected }}",
            reason="{{ dag_run.conf.reason }}",
            approved_by={"responded_by_user": {"id": "1", "name": "ada"}},
            mirror=True,
        )

    with DAG(f"roll_back_{city}", schedule=None, catchup=False):
        RollbackOperator(task_id="roll_back", parameter_set=name, reason="Complaints.", allow_other_owner=True)

    with DAG(f"production_{city}", schedule=[parameter_set_asset(name)], catchup=False, default_args=RETRIES):
        read(name)
        BashOperator(
            task_id="shell",
            bash_command='echo "wait=$WAIT of version $VERSION"',
            env={
                "WAIT": f'{{{{ macros.hpo.champion("{name}").params.wait }}}}',
                "VERSION": f'{{{{ macros.hpo.champion("{name}").version }}}}',
            },
            append_env=True,
        )

    with DAG(f"store_away_{city}", schedule=None, catchup=False):
        read(name, hpo_conn_id="away")
