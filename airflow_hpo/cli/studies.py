"""``airflow hpo studies list|show|best|drift|export|stop|drain|afresh|transfer``."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import edition_view, emit, print_variables, table, terminal, trials_view
from airflow_hpo.core.arguments import Arguments
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.environment import parameter_variables
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.owner import Owner, checked_dag_id
from airflow_hpo.core.trial import TrialState
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.hooks.airflow_runs import end_of_run
from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.storage import acts, editions, owners
from airflow_hpo.storage.owners import Kind
from airflow_hpo.studies.deleted_trials import Lost, end_deleted, lost_trials
from airflow_hpo.studies.images import images_sentence
from airflow_hpo.studies.open import ask_afresh
from airflow_hpo.studies.optimum_drift import drift_rows
from airflow_hpo.studies.owner import transfer_study
from airflow_hpo.studies.periods import periods_sentence
from airflow_hpo.studies.phases import phase_sentences
from airflow_hpo.studies.rows import edition_row, find_edition, look_for_edition
from airflow_hpo.studies.status import status, status_of
from airflow_hpo.studies.stop import request_stop
from airflow_hpo.studies.stopped_runs import end_stopped
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.why import stopped_sentence
from airflow_hpo.trials.rows import metric_column, trial_rows

SHOWN_TRIALS = 10


@one_line_errors
def list_(args: Any) -> None:
    """List editions."""
    store = hook_of(args.conn_id).store_to_read
    found = store.read(editions.find, family=args.study, limit=args.limit)
    rows = [_row(store, edition) for edition in found]
    if args.output == "table":
        rows = [edition_view(row, edition.study.count) for row, edition in zip(rows, found)]
    none = (
        f"No edition of a study {args.study!r} is in the database."
        if args.study
        else "No study is in the database yet."
    )
    emit(rows, args.output, none=f"{none} A study is there as soon as a DAG run has started it.")


@one_line_errors
def show(args: Any) -> None:
    """Show one edition."""
    store = hook_of(args.conn_id).store_to_read
    edition = look_for_edition(store, args.name)
    lost = lost_trials(store, edition)
    if args.output == "table":
        _show_table(store, edition, lost)
        return
    row, trials = _row(store, edition), _trials_left(store, edition, lost)
    best = next((trial for trial in trials if trial["number"] == row["trial"]), {})
    shown = {
        **row,
        "trials_with_problems": sum(bool(trial["problems"]) for trial in trials),
        "images": None if lost else images_sentence(store, [edition.name]),
        "periods": None if lost else periods_sentence(store, edition.name),
        "time": None if lost else " ".join(store.read(phase_sentences, edition)) or None,
        "lost": lost.sentence if lost else None,
        "drained": edition.drained,
        "differs": edition.differs,
        "acts": "\n".join(map(str, store.read(acts.of, edition.name))) or None,
        **{f"params.{name}": best.get(f"params.{name}") for name in edition.study.space},
    }
    emit([shown], args.output)


@one_line_errors
def best(args: Any) -> None:
    """Show the best parameters of one edition, as a program takes them."""
    store = hook_of(args.conn_id).store_to_read
    edition = look_for_edition(store, args.name)
    look = status_of(store, edition, store.optuna.records(edition.name, details=False))
    counted = look.best
    if counted is None:
        raise StudyNotFoundError(
            f"The best trial of {edition.name} is a feasible one. {look.none_feasible}"
            if look.none_feasible
            else f"The best trial is a complete one, but {edition.name} has none. Ask `airflow hpo studies why {edition.name}`."
        )
    found = store.optuna.record(edition.name, counted.number)
    if args.output == "table":
        known = {"taken over": str(found.known).removeprefix("taken over ")} if found.known else {}
        emit([{"edition": edition.name, "trial": found.number, "value": found.value, **known, **found.params}], "table")
    elif args.output == "json":
        terminal().out(json.dumps(dict(found.params), indent=2), highlight=False)
    elif args.output == "args":
        terminal().out(str(Arguments(found.params)), highlight=False)
    else:
        print_variables(parameter_variables(found.params))


@one_line_errors
def drift(args: Any) -> None:
    """Show how optimum and champion moved."""
    store = hook_of(args.conn_id).store_to_read
    emit(drift_rows(store, look_for_edition(store, args.name).family, args.limit), args.output)


@one_line_errors
def export(args: Any) -> None:
    """Export every trial."""
    store = hook_of(args.conn_id).store_to_read
    edition = look_for_edition(store, args.name)
    rows = trial_rows(store, edition.name)
    if lost := lost_trials(store, edition):
        sys.stderr.write(f"{lost.sentence}\n")
    emit(rows, args.output, path=args.file)


@one_line_errors
def stop(args: Any) -> None:
    """Stop one edition."""
    store, console = hook_of(args.conn_id).store, terminal()
    edition = find_edition(store, args.name)
    if lost := lost_trials(store, edition):
        if edition.finished is None:
            end_deleted(store, edition.name)
        console.print(f"{edition.name} has ended. {lost.sentence}", soft_wrap=True)
        return
    by = end_of_run(store, edition)
    reason = args.reason or f"{system_user()} asked for it on the command line."
    stopped = request_stop(store, edition.name, reason, args.running, system_user())
    if by:
        ended = end_stopped(store, stopped.edition, by)
        console.print(f"{ended.name} has ended. {ended.reason}", soft_wrap=True)
        console.print("Clear its task finish to have its best trial as a result.", soft_wrap=True)
        return
    for line in stopped.lines:
        console.print(line, soft_wrap=True)


@one_line_errors
def afresh(args: Any) -> None:
    """Have the next start of an edition compute afresh, or not any more."""
    store, console = hook_of(args.conn_id).store, terminal()
    edition = find_edition(store, args.name)
    if args.cancel:
        cancelled = ask_afresh(store, edition.name, None)
        for name in cancelled:
            console.print(f"The next start of {name} goes on with what there is.", soft_wrap=True)
        if not cancelled:
            console.print(f"Nothing was asked for: the next start of {edition.name} goes on as it is.", soft_wrap=True)
        return
    asked = f"{system_user()} asked for it by `airflow hpo studies afresh`."
    names = ask_afresh(store, edition.name, asked)
    by = f"Clear or backfill {edition.dag_run} now" if edition.dag_run else "Start it now"
    console.print(
        f"The next start of {names[0]} computes afresh. {by}, beginning with its start. The results so far are kept.",
        soft_wrap=True,
    )
    for name in names[1:]:
        console.print(f"So does the next plan of {name}.", soft_wrap=True)


@one_line_errors
def transfer(args: Any) -> None:
    """Give a study, its evaluations and its parameter set to another DAG."""
    to = Owner(checked_dag_id(args.to_dag), args.to_group)
    for moved in transfer_study(hook_of(args.conn_id).store, args.name, to):
        terminal().print(str(moved), soft_wrap=True)


def _row(store: Store, edition: Edition) -> dict[str, Any]:
    """Return what is shown of an edition; one that its DAG run left unfinished is stopped."""
    row = edition_row(store, edition)
    return {**row, "state": "stopped"} if end_of_run(store, edition) else row


def _trials_left(store: Store, edition: Edition, lost: Lost | None) -> list[dict[str, Any]]:
    return trial_rows(store, edition.name) if lost is None or store.optuna.exists(edition.name) else []


def _show_table(store: Store, edition: Edition, lost: Lost | None) -> None:
    console = terminal()
    for line in _lost_lines(edition, lost) if lost else _status_lines(store, edition):
        console.print(line, soft_wrap=True)
    owned = store.read(owners.find, Kind.STUDY, edition.family)
    if owned:
        console.print(str(owned), soft_wrap=True)
    for said in filter(None, [edition.afresh and f"It was computed afresh. {edition.afresh}", _wanted(edition)]):
        console.print(said, soft_wrap=True)
    objective = edition.study.objective
    rows = [
        r for r in _trials_left(store, edition, lost) if r["state"] == TrialState.COMPLETE and r["replaced_by"] is None
    ]
    rows.sort(key=lambda row: row[metric_column(objective.metric)], reverse=objective.direction is Direction.MAXIMIZE)
    rows.sort(key=lambda row: row.get("feasible") is False)
    shown = rows[:SHOWN_TRIALS]
    if not shown:
        if lost is None:
            console.print("No trial is complete yet.")
        return
    console.print(table(trials_view(shown), title=f"Best {len(shown)} of {len(rows)} complete trials"))
    for line in _odd_lines(shown):
        console.print(line, soft_wrap=True)


def _status_lines(store: Store, edition: Edition) -> Iterator[str]:
    judged = status(store, edition.name)
    yield str(judged)
    yield from filter(None, [judged.verdict.reason, judged.none_feasible, *judged.limits.remarks, edition.drained])
    if by := end_of_run(store, edition):
        yield stopped_sentence(by)
    yield from filter(None, [images_sentence(store, [edition.name]), periods_sentence(store, edition.name)])
    yield from filter(None, [edition.differs])
    yield from store.read(phase_sentences, edition)
    yield from map(str, store.read(acts.of, edition.name))


def _lost_lines(edition: Edition, lost: Lost) -> Iterator[str]:
    best = f", best {edition.best_value:g} (trial {edition.best_number})" if edition.best_value is not None else ""
    yield f"{edition.name}: {lost.state}{best}"
    yield lost.sentence
    yield from filter(None, [edition.reason])


def _wanted(edition: Edition) -> str | None:
    return f"Its next start computes afresh. {edition.afresh_wanted}" if edition.afresh_wanted else None


def _odd_lines(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what was odd about trials, one line for all that share it."""
    numbers: dict[str, list[int]] = {}
    for row in rows:
        if row["problems"]:
            numbers.setdefault(row["problems"], []).append(row["number"])
    return [f"Trial{'s' * (len(of) > 1)} {', '.join(map(str, of))}: {problems}" for problems, of in numbers.items()]
