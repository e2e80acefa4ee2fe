"""Hook of the connection that a command names with ``--conn-id``."""

from __future__ import annotations

import os

from airflow_hpo.hooks.hpo import HpoHook


def hook_of(conn_id: str) -> HpoHook:
    """Return the hook of a connection that a person names, who would rather see an error than wait.

    Commands run where Airflow's own database may be read. Airflow looks for connections there only in processes that say
    so, as its own ``connections`` commands do; otherwise one made in the UI would be passed over for the default file.
    """
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    return HpoHook(conn_id, patience=0)
