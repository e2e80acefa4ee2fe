"""``airflow hpo studies why``: reasons why a study and its trials are where they are."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import emit, table, terminal
from airflow_hpo.hooks.airflow_runs import end_of_run, tasks_of
from airflow_hpo.storage import sharers
from airflow_hpo.studies.deleted_trials import lost_trials
from airflow_hpo.studies.rows import look_for_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.why import Explanation, TrialReason, explain

SHOWN = 15
"""Trials that fit on a screen; ``-o json`` has all."""
COLUMNS = ("number", "state", "attempts", "task", "why")
DETAILED = 3
"""Failed trials of which the end of the log is shown; ``airflow hpo trials show`` has that of each."""
TAIL_LINES = 5
"""Lines of a log that are shown."""


@one_line_errors
def why(args: Any) -> None:
    """Say why a study is where it is."""
    store = hook_of(args.conn_id).store_to_read
    edition = look_for_edition(store, args.name)
    sharing = store.read(sharers.find, edition.name)
    tasks = replace(tasks_of(edition, sharing), ended=end_of_run(store, edition))
    found = explain(store, edition.name, tasks)
    rows = [{**asdict(trial), "problems": list(trial.problems)} for trial in found.trials]
    if args.output == "json":
        text = {"edition": edition.name, "study": list(found.study), "trials": rows}
        terminal().out(json.dumps(text, indent=2), highlight=False)
    elif args.output == "csv":
        emit([{**row, "problems": " ".join(row["problems"])} for row in rows], "csv")
    else:
        _show(edition.name if lost_trials(store, edition) else str(status(store, edition.name)), found)


def _show(heading: str, found: Explanation) -> None:
    console = terminal()
    for line in (heading, *found.study):
        console.print(line, soft_wrap=True)
    if found.trials:
        rows = [{name: getattr(trial, name) for name in COLUMNS} for trial in found.trials]
        console.print(table(rows[:SHOWN], title="Trials without a result"))
    if len(found.trials) > SHOWN:
        console.print(f"{len(found.trials) - SHOWN} more: add -o json.")
    for trial in [trial for trial in found.trials if trial.problems or _adds(trial)][:DETAILED]:
        for line in _details(trial):
            console.print(line, soft_wrap=True)


def _adds(trial: TrialReason) -> bool:
    """Say whether the end of the log says more than the reason, which often ends with it."""
    return bool(trial.log_tail) and not trial.why.endswith((trial.log_tail or "").splitlines()[-1])


def _details(trial: TrialReason) -> Iterator[str]:
    code = f", exit code {trial.exit_code}" if trial.exit_code is not None else ""
    yield f"Trial {trial.number}{code}: {' '.join(trial.problems) or 'the last lines of its log:'}"
    if _adds(trial):
        yield from (f"    {line}" for line in (trial.log_tail or "").splitlines()[-TAIL_LINES:])
