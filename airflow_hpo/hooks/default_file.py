"""The SQLite file that is used without any connection: for one machine only."""

import os
from importlib import import_module

from airflow_hpo.exceptions import StoreRefusedError
from airflow_hpo.storage.database import Database

LOCAL = "LocalExecutor"


def refuse_scattered(database: Database, conn_id: str) -> None:
    """Raise where this task runs by an executor that may run others on other machines: each would have a file of its own."""
    executor = None if within_dag_test() else _executor()
    if executor and not _is_local(executor):
        raise StoreRefusedError(
            f"Without the connection {conn_id!r} studies are kept in {database.name}, which only tasks of this machine reach, "
            f"so [core] executor must be {LOCAL}, but this runs by {executor}. Name a database that every worker reaches: "
            f"airflow connections add {conn_id} --conn-type postgres --conn-host HOST --conn-schema DATABASE "
            f"--conn-login USER --conn-password PASSWORD"
        )


def _executor() -> str:
    """Return the executor of the task that runs, or else the default one: as a name, or as a path to import."""
    from airflow.sdk import get_current_context
    from airflow.sdk.configuration import conf

    if os.environ.get("AIRFLOW_IS_K8S_EXECUTOR_POD"):
        # Pods made from a template are often told the LocalExecutor.
        return "KubernetesExecutor"
    try:
        own = getattr(get_current_context()["ti"].task, "executor", None)
    except RuntimeError:
        own = None
    listed = _listed(str(conf.get("core", "executor")))
    first = next(iter(listed.values()), LOCAL)
    return listed.get(own, own) if own else first


def _listed(option: str) -> dict[str, str]:
    """Return the executors of the option by alias, such as ``LocalExecutor,mine:module.Executor;team=CeleryExecutor``."""
    names = [name.strip() for part in option.split(";") for name in part.rpartition("=")[2].split(",") if name.strip()]
    aliased = [name.partition(":") for name in names]
    return {alias: path or alias for alias, _, path in aliased}


def _is_local(executor: str) -> bool:
    module, _, name = executor.rpartition(".")
    if not module:
        return executor == LOCAL
    try:
        return bool(getattr(import_module(module), name).is_local)
    except (ImportError, AttributeError):
        return False


def within_dag_test() -> bool:
    """Say whether the task runs under ``dag.test()``: one after the other in this process, their triggers too."""
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.supervisor import InProcessSupervisorComms

    return isinstance(getattr(task_runner, "SUPERVISOR_COMMS", None), InProcessSupervisorComms)
