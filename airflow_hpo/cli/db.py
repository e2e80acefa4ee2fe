"""``airflow hpo db``."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from airflow_hpo.cli.errors import one_line_errors
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.tuning import schema


@one_line_errors
def migrate(args: Any) -> None:
    """Create or upgrade the tables."""
    database = HpoHook(args.conn_id).database
    schema.upgrade(database)
    Console().print(f"The tables in {database} are up to date.", highlight=False, soft_wrap=True)


@one_line_errors
def check(args: Any) -> None:
    """Say whether the database is ready."""
    database = HpoHook(args.conn_id).database
    schema.check(database)
    Console().print(f"{database} is ready.", highlight=False, soft_wrap=True)
