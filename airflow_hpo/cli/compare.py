"""``airflow hpo studies compare``: editions or studies side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import emit, table, terminal
from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.trial import brief
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.hooks.airflow_runs import end_of_run
from airflow_hpo.storage import editions
from airflow_hpo.studies.deleted_trials import lost_trials
from airflow_hpo.studies.rows import edition_row, look_for_edition
from airflow_hpo.studies.status import status_of
from airflow_hpo.studies.store import Store

PART = {"space": "space.", "params": "params."}


@one_line_errors
def compare(args: Any) -> None:
    """Show editions side by side."""
    store = hook_of(args.conn_id).store_to_read
    rows = [_row(store, edition) for edition in _meant(store, args.names)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    whole = [{name: row.get(name) for name in names} for row in rows]
    if args.output != "table":
        emit(whole, args.output)
        return
    console = terminal()
    console.print(table(_side_by_side(whole)))
    if len({row["objective"] for row in rows}) > 1:
        console.print("Their objectives differ, so that their best values cannot be compared.", soft_wrap=True)
    if not any(_differs(whole, name) for name in names if name.startswith(PART["space"])):
        console.print("Their spaces are the same.")


def _meant(store: Store, names: Sequence[str]) -> list[Edition]:
    """Return the editions that are meant: of a single study its two newest."""
    found = [look_for_edition(store, name) for name in names]
    if len(found) == 1:
        found = store.read(editions.find, family=found[0].family, limit=2)
    unique = list({edition.name: edition for edition in found}.values())
    if len(unique) < 2:
        raise StudyNotFoundError(
            f"Two editions or more are compared, but {' '.join(names)!r} means only {unique[0].name!r}. "
            f"Name another: airflow hpo studies compare {unique[0].name} NAME."
        )
    return unique


def _row(store: Store, edition: Edition) -> dict[str, Any]:
    study, row = edition.study, edition_row(store, edition)
    return {
        **row,
        "state": "stopped" if end_of_run(store, edition) else row["state"],
        "objective": f"{study.objective.metric} ({study.objective.direction.value})",
        "sampler": study.sampler.name,
        **{f"{PART['params']}{name}": value for name, value in _best_params(store, edition).items()},
        **{f"{PART['space']}{name}": brief_repr(parameter) for name, parameter in study.space.items()},
    }


def _best_params(store: Store, edition: Edition) -> Mapping[str, Any]:
    if lost_trials(store, edition):
        return {}
    best = status_of(store, edition, store.optuna.records(edition.name, details=False)).best
    return store.optuna.record(edition.name, best.number).params if best else {}


def _side_by_side(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what is known of each, one fact a row; of the spaces only what differs."""
    facts = [name for name in rows[0] if name != "edition" and any(row[name] is not None for row in rows)]
    shown = [name for name in facts if not name.startswith(PART["space"]) or _differs(rows, name)]
    return [{"": name, **{row["edition"]: _text(row[name]) for row in rows}} for name in shown]


def _differs(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return len({row[name] for row in rows}) > 1


def _text(value: Any) -> str:
    return "-" if value is None else brief(value)
