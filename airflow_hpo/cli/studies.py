"""``airflow hpo studies list|show|export``."""

from __future__ import annotations

from typing import Any

from airflow_hpo.cli.connecting import hook_of
from airflow_hpo.cli.errors import one_line_errors
from airflow_hpo.cli.output import emit, table, terminal
from airflow_hpo.cli.views import edition_view, trials_view
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.trial import TrialState
from airflow_hpo.storage import editions
from airflow_hpo.tuning.judging import status
from airflow_hpo.tuning.rows import edition_row, find_edition, metric_column, trial_rows
from airflow_hpo.tuning.store import Store

SHOWN_TRIALS = 10


@one_line_errors
def list_(args: Any) -> None:
    """List editions."""
    store = hook_of(args.conn_id).store
    with store.session() as session:
        found = editions.find(session, family=args.study, limit=args.limit)
    rows = [edition_row(store, edition) for edition in found]
    if args.output == "table":
        rows = [edition_view(row, edition.study.count) for row, edition in zip(rows, found)]
    emit(rows, args.output)


@one_line_errors
def show(args: Any) -> None:
    """Show one edition."""
    store = hook_of(args.conn_id).store
    edition = find_edition(store, args.name)
    if args.output == "table":
        _show_table(store, edition)
        return
    row = edition_row(store, edition)
    params = {} if row["trial"] is None else store.optuna.record(edition.name, row["trial"]).params
    emit([{**row, **{f"params.{name}": params.get(name) for name in edition.study.space}}], args.output)


@one_line_errors
def export(args: Any) -> None:
    """Export every trial."""
    store = hook_of(args.conn_id).store
    edition = find_edition(store, args.name)
    emit(trial_rows(store, edition.name), args.output, path=args.file)


def _show_table(store: Store, edition: Edition) -> None:
    console, judged = terminal(), status(store, edition.name)
    console.print(str(judged), soft_wrap=True)
    if judged.verdict.reason:
        console.print(judged.verdict.reason, soft_wrap=True)
    objective = edition.study.objective
    rows = [row for row in trial_rows(store, edition.name) if row["state"] == TrialState.COMPLETE.value]
    rows.sort(key=lambda row: row[metric_column(objective.metric)], reverse=objective.direction is Direction.MAXIMIZE)
    shown = rows[:SHOWN_TRIALS]
    if not shown:
        console.print("No trial is complete yet.")
        return
    console.print(table(trials_view(shown), title=f"Best {len(shown)} of {len(rows)} complete trials"))
