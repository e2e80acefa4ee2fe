"""Arguments that several ``airflow hpo`` commands share. A default stands once: its help is made from it."""

from __future__ import annotations

from typing import Any

from airflow.cli.cli_config import Arg


def defaulting(*flags: str, default: Any, help: str, **options: Any) -> Arg:
    """Return an option with its default in the help."""
    return Arg(flags, default=default, help=f"{help} (default: {default})", **options)


CONNECTION = defaulting("--conn-id", default="hpo_default", help="Connection of the study database")
EDITION = Arg(("name",), help="An edition (study@run), or a study: its newest edition")
OUTPUT = defaulting("-o", "--output", default="table", choices=("table", "json", "csv"), help="Form of the output")


def limit(what: str) -> Arg:
    """Return how many of something to list."""
    return defaulting("--limit", default=20, type=int, help=f"How many {what} to list, newest first")
