"""``airflow hpo studies purge``: old trials archived and deleted."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import emit, terminal
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.purge import age_of
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.airflow_runs import ELSEWHERE, run_state
from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.retention.plan import Planned, Planner, Rule
from airflow_hpo.retention.purge import Purged, purge_editions, required_folder
from airflow_hpo.studies.store import Store


@one_line_errors
def purge(args: Any) -> None:
    """Archive and delete old trials."""
    rule = Rule(age_of(args.older_than), args.keep_best, args.names)
    hook = hook_of(args.conn_id)
    store = hook.store_to_read if args.dry_run else hook.store
    folder = None if args.dry_run else required_folder(args.archive)
    planner = Planner(store, rule, known_state)
    plans = list(planner.plans())
    rows, due = [each.row for each in plans if each.due or each.why_not], [each for each in plans if each.due]
    if args.output != "table":
        _refuse_silence(args, due)
    elif rows:
        emit(rows, "table")
    if folder is not None and due and (args.yes or _agreed(due, folder)):
        done = _purge(store, planner, due, folder, quiet=args.output != "table")
        rows = [{**row, "archive": done[row["edition"]].archive if row["edition"] in done else None} for row in rows]
        _say(args, f"Deleted {sum(each.deleted for each in done.values())} trials of {len(done)} editions.")
    elif not due:
        _say(args, "Nothing is to be deleted.")
    elif args.dry_run:
        _say(args, f"{_amount(due)} would be deleted.")
    if args.output != "table":
        emit(rows, args.output)


def known_state(run: DagRunKey) -> str | None:
    """Return the state of a DAG run; None where this Airflow does not know its DAG."""
    state = run_state(run.dag_id, run.run_id)
    return None if state == ELSEWHERE else state


def _purge(store: Store, planner: Planner, due: Sequence[Planned], folder: Path, *, quiet: bool) -> dict[str, Purged]:
    console = terminal()
    bar = Progress(
        BarColumn(bar_width=16), MofNCompleteColumn(), TextColumn("{task.description}", markup=False), console=console
    )
    done = {}
    with bar:
        bar.disable = quiet or not console.is_terminal
        task = bar.add_task("", total=None)

        def progress(edition: str, deleted: int, trials: int) -> None:
            bar.update(task, description=edition, completed=deleted, total=trials)

        for each in purge_editions(store, planner, due, folder, system_user(), progress):
            done[each.edition] = each
            if not quiet:
                bar.console.print(
                    f"{each.edition}: {each.deleted} deleted, {each.kept} kept, {each.archive}", soft_wrap=True
                )
    return done


def _refuse_silence(args: Any, due: Sequence[Planned]) -> None:
    if due and not (args.yes or args.dry_run):
        raise DeclarationError(f"A purge asks before it deletes, which -o {args.output} leaves no room for. Add --yes.")


def _agreed(due: Sequence[Planned], folder: Path) -> bool:
    if not sys.stdin.isatty():
        raise DeclarationError("A purge asks before it deletes, but nobody can answer here. Add --yes.")
    answer = Console(highlight=False, markup=False).input(f"Delete {_amount(due)}, archived in {folder}? [y/N] ")
    return answer.strip().lower() in ("y", "yes")


def _amount(due: Sequence[Planned]) -> str:
    return f"{sum(len(each.going) for each in due)} trials of {len(due)} editions"


def _say(args: Any, line: str) -> None:
    if args.output == "table":
        terminal().print(line, soft_wrap=True)
