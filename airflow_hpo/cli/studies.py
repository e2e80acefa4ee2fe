"""``airflow hpo studies list|show|export``."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from airflow_hpo.cli.errors import one_line_errors
from airflow_hpo.cli.output import emit, table
from airflow_hpo.core.trial import TrialState
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.storage import editions
from airflow_hpo.tuning.judging import status
from airflow_hpo.tuning.rows import edition_row, find_edition, trial_rows

SHOWN_TRIALS = 10


@one_line_errors
def list_(args: Any) -> None:
    """List editions."""
    store = HpoHook(args.conn_id).store
    with store.session() as session:
        found = editions.find(session, family=args.study, limit=args.limit)
    emit([edition_row(store, edition) for edition in found], args.output)


@one_line_errors
def show(args: Any) -> None:
    """Show one edition."""
    store = HpoHook(args.conn_id).store
    edition = find_edition(store, args.name)
    row = edition_row(store, edition)
    if args.output != "table":
        best = status(store, edition.name).progress.best
        emit([{**row, **{f"params.{k}": v for k, v in (best.params if best else {}).items()}}], args.output)
        return
    console, judged = Console(), status(store, edition.name)
    console.print(str(judged), judged.verdict.reason, highlight=False, soft_wrap=True)
    objective = edition.study.objective
    rows = [r for r in trial_rows(store, edition.name) if r["state"] == TrialState.COMPLETE.value]
    rows.sort(key=lambda r: r[objective.metric], reverse=objective.direction.value == "maximize")
    console.print(
        table(rows[:SHOWN_TRIALS], title=f"Best {min(SHOWN_TRIALS, len(rows))} of {len(rows)} complete trials")
    )


@one_line_errors
def export(args: Any) -> None:
    """Export every trial."""
    store = HpoHook(args.conn_id).store
    edition = find_edition(store, args.name)
    emit(trial_rows(store, edition.name), args.output, path=args.file)
