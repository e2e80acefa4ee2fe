"""Names by which a cluster is reached; none of them is secret, because they are stored."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connection:
    """Names and paths only: a trigger's arguments are kept in Airflow's database, and credentials do not belong there."""

    conn_id: str | None = None
    """Airflow connection; None for the environment's own."""
    in_cluster: bool | None = None
    config_file: str | None = None
    """A kubeconfig on the machine that connects; None for what the connection or ``KUBECONFIG`` says."""
    cluster_context: str | None = None
