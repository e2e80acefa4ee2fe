"""``airflow hpo trials show|add|end|invalidate``."""

import json
from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import emit, terminal
from airflow_hpo.cli.trial_data import as_data
from airflow_hpo.cli.trial_view import show_on
from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.space.typed import typed_point
from airflow_hpo.studies.rows import find_edition, look_for_edition
from airflow_hpo.trials.invalidate import invalidate as take_back
from airflow_hpo.trials.rows import value_rows


@one_line_errors
def show(args: Any) -> None:
    """Show all that is stored about one trial."""
    hook = hook_of(args.conn_id)
    trial = hook.trial(look_for_edition(hook.store_to_read, args.name).name, args.number)
    if args.output == "json":
        terminal().out(json.dumps(as_data(trial), indent=2, allow_nan=False), highlight=False)
    elif args.output == "csv":
        several = [({"scenario": name}, each.values) for name, each in trial.simulations.items()]
        told = [(named, row) for named, values in several or [({}, trial.values)] for row in value_rows(values)]
        emit([{**named, **row, "reported": row["reported"].isoformat()} for named, row in told], "csv")
    else:
        show_on(terminal(), trial)


@one_line_errors
def add(args: Any) -> None:
    """Have a point evaluated next."""
    hook, console = hook_of(args.conn_id), terminal()
    edition = find_edition(hook.store, args.name)
    added = hook.add_trial(edition.name, typed_point(edition.study.space, args.values))
    console.print(str(added), soft_wrap=True)


@one_line_errors
def end(args: Any) -> None:
    """End one running trial."""
    terminal().print(str(hook_of(args.conn_id).end_trial(args.name, args.number)), soft_wrap=True)


@one_line_errors
def invalidate(args: Any) -> None:
    """Take a trial's result back."""
    store, console = hook_of(args.conn_id).store, terminal()
    done = take_back(store, find_edition(store, args.name).name, args.number, args.reason)
    console.print(f"Trial {done.record.number} counts no longer: {done.record.invalid}", soft_wrap=True)
    console.print(str(done.status), soft_wrap=True)
    if done.aftermath:
        console.print(done.aftermath, soft_wrap=True)
    if done.task:
        console.print(_how_to_run_again(done.task), soft_wrap=True)


def _how_to_run_again(task: TaskRun) -> str:
    index = f" with map index {task.map_index}" if task.map_index >= 0 else ""
    return (
        f"To run its parameters again, clear task {task.task_id}{index} of run {task.run_id} of DAG {task.dag_id}, "
        "downstream tasks included."
    )
