"""The environment of a live Airflow: one home, free ports on loopback, nothing shared with others."""

from __future__ import annotations

import os
import socket
from pathlib import Path

HASTE = {
    "DAG_PROCESSOR__REFRESH_INTERVAL": 5,
    # A file is parsed when it changes. Parsing all of them every half minute costs a fifth of a core.
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 3600,
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.2,
    # Shorter than a busy machine needs to begin a task, it ends each task before it begins, again and again.
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": 60,
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 5,
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": 30,
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": 10,
    "HPO__POLL_INTERVAL": 0.5,
}
"""Waits that are shorter than by default, so that tests need not sit them out; they cost CPU."""


def free_port() -> int:
    """Return a TCP port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, dags: Path, port: int, *, parallelism: int, hurried: bool = True) -> dict[str, str]:
    """Return the environment of every Airflow process of one home.

    :param home: AIRFLOW_HOME.
    :param dags: folder of the DAG files.
    :param port: port of the API server.
    :param parallelism: how many tasks the LocalExecutor runs at once.
    :param hurried: with the short waits of tests; False for Airflow's defaults.
    """
    options = {
        "CORE__DAGS_FOLDER": dags,
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": parallelism,
        "CORE__MAX_ACTIVE_TASKS_PER_DAG": 64,
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "CORE__MP_START_METHOD": "fork",
        # A busy machine answers late. A call that is given up after 5 s, the default, has often begun the task all the same, and
        # the next one is refused as a second begin, which fails the task.
        "WORKERS__EXECUTION_API_TIMEOUT": 60,
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=15",
        "API__HOST": "127.0.0.1",
        "API__PORT": port,
        "API__BASE_URL": f"http://127.0.0.1:{port}",
        "API__WORKERS": 1,
        "SCHEDULER__ENABLE_HEALTH_CHECK": False,
        "USAGE_DATA_COLLECTION__ENABLED": False,
        **(HASTE if hurried else {}),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    named = {f"AIRFLOW__{name}": str(value) for name, value in options.items()}
    return {**kept, **named, "AIRFLOW_HOME": str(home), "NO_COLOR": "1"}
