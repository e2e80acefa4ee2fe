"""``airflow hpo studies plot``: a study in charts, as one file to look at and to send."""

from pathlib import Path
from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import terminal
from airflow_hpo.hooks.airflow_runs import ended_runs
from airflow_hpo.pages.edition import numbered
from airflow_hpo.pages.report import html_of, report_of
from airflow_hpo.storage import editions
from airflow_hpo.studies.rows import look_for_edition


@one_line_errors
def plot(args: Any) -> None:
    """Write the report of one edition."""
    store = hook_of(args.conn_id).store_to_read
    name = look_for_edition(store, args.name).name
    found = store.read(numbered, store.read(editions.row_id, name))
    Path(args.output).write_text(html_of(report_of(store, found, ended_runs)), encoding="utf-8")
    terminal().print(f"{name} is drawn in {args.output}: open it in a browser, or send it.", soft_wrap=True)
