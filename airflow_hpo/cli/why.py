"""``airflow hpo studies why``: why a study and its trials are where they are."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from airflow_hpo.cli.airflow_tasks import tasks_of
from airflow_hpo.cli.connection import hook_of
from airflow_hpo.cli.errors import one_line_errors
from airflow_hpo.cli.output import emit, table, terminal
from airflow_hpo.studies.rows import find_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.why import Explanation, explain

SHOWN = 15
"""Trials that fit on a screen; ``-o json`` has all."""


@one_line_errors
def why(args: Any) -> None:
    """Say why a study is where it is."""
    store = hook_of(args.conn_id).store
    edition = find_edition(store, args.name)
    found = explain(store, edition.name, tasks_of(edition))
    rows = [asdict(trial) for trial in found.trials]
    if args.output == "json":
        text = {"edition": edition.name, "study": list(found.study), "trials": rows}
        terminal().out(json.dumps(text, indent=2), highlight=False)
    elif args.output == "csv":
        emit(rows, "csv")
    else:
        _show(str(status(store, edition.name)), found, rows)


def _show(heading: str, found: Explanation, rows: list[dict[str, Any]]) -> None:
    console = terminal()
    for line in (heading, *found.study):
        console.print(line, soft_wrap=True)
    if rows:
        console.print(table(rows[:SHOWN], title="Trials without a result"))
    if len(rows) > SHOWN:
        console.print(f"{len(rows) - SHOWN} more: add -o json.")
