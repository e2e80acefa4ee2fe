"""Runs our migrations on the connection that airflow_hpo.storage.migrate hands over; leaves logging alone."""

from typing import Any

from alembic import context

from airflow_hpo.storage.migrate import VERSION_TABLE
from airflow_hpo.storage.tables import Row


def ours(name: str | None, kind: str, _: Any) -> bool:
    """Let autogenerate overlook Optuna's tables, which are in the same schema."""
    return kind != "table" or (name or "").startswith("hpo_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    version_table=VERSION_TABLE,
    include_name=ours,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
