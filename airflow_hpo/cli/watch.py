"""``airflow hpo studies watch``: a study's progress, live."""

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import terminal
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.progress import brief_time
from airflow_hpo.core.trial_key import names_edition
from airflow_hpo.exceptions import StudyNotFoundError, TransientHpoError
from airflow_hpo.hooks.airflow_runs import run_state
from airflow_hpo.studies.rows import look_for_edition
from airflow_hpo.studies.status import ENDED, Status, status_of
from airflow_hpo.studies.store import Store

LINE_EVERY = 5.0
"""Seconds between two lines where the output is not a terminal."""


@one_line_errors
def watch(args: Any) -> None:
    """Follow a study until it is over and nothing runs."""
    store, console = hook_of(args.conn_id).store_to_read, terminal()
    name = _wait_for_edition(store, args.name, args.interval)
    if console.is_terminal:
        _live(store, name, args.interval, console)
    else:
        _lines(store, name, args.interval, console)


def _live(store: Store, name: str, interval: float, console: Console) -> None:
    console.print(name, soft_wrap=True, markup=False)
    rest_of = TextColumn("{task.fields[rest]}", markup=False)
    bar = Progress(BarColumn(bar_width=16), MofNCompleteColumn(), rest_of, console=console)
    task = bar.add_task("", total=store.edition(name).study.wanted, rest="")
    with Live(bar, console=console, refresh_per_second=4):
        while True:
            status, rest, last = _look(store, name)
            done = status.progress.counted(status.edition.study.count)
            bar.update(task, completed=done, rest=rest)
            if last is not None:
                break
            time.sleep(interval)
    console.print(last, soft_wrap=True)


def _lines(store: Store, name: str, interval: float, console: Console) -> None:
    said, at = "", float("-inf")
    while True:
        status, rest, last = _look(store, name)
        done = f"{status.progress.counted(status.edition.study.count)}/{status.edition.study.wanted}"
        due = time.monotonic() - at >= LINE_EVERY
        if (done != said and due) or last is not None:
            console.print(f"{name}  {done}  {rest}", soft_wrap=True)
            said, at = done, time.monotonic()
        if last is not None:
            break
        time.sleep(interval)
    console.print(last, soft_wrap=True)


def _look(store: Store, name: str) -> tuple[Status, str, str | None]:
    """Return how a study stands, the same in a few words, and why nothing more is to be seen; None while it goes on."""
    # Asked first: a run that ends by itself has ended its study before.
    died = _died(store.edition(name))
    status = status_of(store, store.edition(name), store.optuna.records(name, details=False))
    progress = status.progress
    drained = ["drained"] if status.edition.drained else []
    pace = status.pace
    waiting = [f"{status.waiting} waiting"] if status.waiting else []
    parts = [*drained, f"{status.running} running", *waiting, *progress.shown_waiting, f"{progress.failed} failed"]
    if progress.pending:
        parts.insert(len(drained) + 1, f"{progress.pending} of them without a place yet")
    if progress.pruned:
        parts.append(f"{progress.pruned} pruned")
    if progress.feasible is not None:
        parts.append(f"{progress.feasible} feasible")
    if status.best and status.best.value is not None:
        parts.append(f"best {status.best.value:.6g} ({status.best.named})")
    if pace.per_minute is not None and pace.left is not None and not _ended(status):
        parts.append(f"{pace.per_minute:.1f}/min, {brief_time(pace.left)} left")
    return status, ", ".join(parts), (status.verdict.reason if _ended(status) else died)


def _ended(status: Status) -> bool:
    return status.edition.finished is not None or (status.verdict.over and status.progress.running == 0)


def _died(edition: Edition) -> str | None:
    """Return that the DAG run of a study has ended; None while it runs, or where that cannot be seen."""
    if not edition.dag_id or not edition.run_id:
        return None
    try:
        state = run_state(edition.dag_id, edition.run_id)
    except TransientHpoError:
        return None
    if state not in ENDED:
        return None
    return (
        f"The DAG run {edition.run_id} of {edition.dag_id} has ended ({state}) before the study was over, so nothing "
        "runs it any more. Clear the run's tasks to go on."
    )


def _wait_for_edition(store: Store, name: str, interval: float, limit: float = 60.0) -> str:
    deadline = time.monotonic() + limit
    while True:
        try:
            return look_for_edition(store, name).name
        except StudyNotFoundError:
            if not names_edition(name) or time.monotonic() > deadline:
                raise
            time.sleep(interval)
