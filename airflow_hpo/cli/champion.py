"""``airflow hpo champion list|get|history|diff|set|rollback|transfer``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import emit, print_variables, table, terminal
from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.owner import checked_dag_id
from airflow_hpo.core.parameter_set import ParameterVersion, Provenance
from airflow_hpo.core.yaml_document import load
from airflow_hpo.exceptions import DeclarationError, HpoError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.moved_champion import announce, mirror_moved
from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.parameter_sets.history import approval_of, difference_rows, find_version, history
from airflow_hpo.parameter_sets.moves import Move, assign, rollback
from airflow_hpo.parameter_sets.owner import transfer_parameter_set


@one_line_errors
def list_(args: Any) -> None:
    """List the champion of every parameter set."""
    rows = [_listed(found) for found in hook_of(args.conn_id).champions()]
    emit(
        rows,
        args.output,
        none="No parameter set has a champion yet: a promotion or `airflow hpo champion set` makes the first.",
    )


@one_line_errors
def get(args: Any) -> None:
    """Show what production uses, also while only the mirror can be read."""
    hook = hook_of(args.conn_id)
    found = (
        hook.champion(args.name)
        if args.version is None
        else find_version(hook.store_to_read.database, args.name, args.version)
    )
    if args.output == "table":
        _show(terminal(), found, _approval(hook, found))
    elif args.output == "json":
        terminal().out(json.dumps(found.to_dict(), indent=2), highlight=False)
    else:
        print_variables(found.environment())


@one_line_errors
def history_(args: Any) -> None:
    """List the versions of a parameter set."""
    emit(history(hook_of(args.conn_id).store_to_read, args.name, args.limit), args.output)


@one_line_errors
def diff(args: Any) -> None:
    """Show what differs between two versions."""
    rows = difference_rows(hook_of(args.conn_id).store_to_read, args.name, args.old, args.new)
    if rows or args.output != "table":
        emit(rows, args.output)
    else:
        terminal().print("The parameters are the same.")


@one_line_errors
def set_(args: Any) -> None:
    """Make the parameters in a file the champion."""
    hook = hook_of(args.conn_id)
    origin = Provenance(source=args.file, approved_by=system_user(), acted_by=system_user(), reason=args.reason)
    _moved(hook, assign(hook.store, args.name, read_params(args.file), origin), mirrored=args.mirror)


@one_line_errors
def rollback_(args: Any) -> None:
    """Bring an earlier version back."""
    hook = hook_of(args.conn_id)
    origin = Provenance(approved_by=system_user(), acted_by=system_user(), reason=args.reason)
    _moved(hook, rollback(hook.store, args.name, args.to, provenance=origin), mirrored=args.mirror)


@one_line_errors
def transfer(args: Any) -> None:
    """Give a parameter set to another DAG."""
    moved = transfer_parameter_set(hook_of(args.conn_id).store, args.name, checked_dag_id(args.to_dag))
    terminal().print(str(moved), soft_wrap=True)


def read_params(path: str) -> Mapping[str, Any]:
    """Return the parameters in a file: a mapping of values by name, or what ``champion get -o json`` prints."""
    try:
        data = load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise DeclarationError(f"Parameters are read from a JSON or YAML file, but got {path!r}: {err}.") from None
    if not isinstance(data, Mapping):
        raise DeclarationError(
            f"A file of parameters holds a mapping of values by name, but {path!r} holds {brief_repr(data)}. Write one."
        )
    # A parameter's value is no mapping, so this is a version as it was printed.
    inner = data.get("params")
    return inner if isinstance(inner, Mapping) else data


def _listed(version: ParameterVersion) -> dict[str, Any]:
    origin = version.provenance
    return {
        "name": version.name,
        "version": version.version,
        "study": origin.study,
        "trial": origin.number,
        "by": origin.approved_by,
        "source": origin.source,
        "created": version.created.isoformat(timespec="seconds"),
    }


def _approval(hook: HpoHook, version: ParameterVersion) -> str | None:
    """Return who approved a version; None also while the database is away, and only the mirror could be read."""
    try:
        return hook.store_to_read.read(approval_of, version)
    except HpoError:
        return None


def _show(console: Console, version: ParameterVersion, approval: str | None) -> None:
    restored = f", restores version {version.restores}" if version.restores else ""
    console.print(
        f"{version.name}  version {version.version}{restored}  {version.created.isoformat(timespec='seconds')}",
        soft_wrap=True,
    )
    for name, value in version.provenance.to_dict().items():
        console.print(f"{name}: {value}", soft_wrap=True)
    if approval:
        console.print(f"approval: {approval}", soft_wrap=True, markup=False)
    console.print(table([{"parameter": name, "value": json.dumps(value)} for name, value in version.params.items()]))


def _moved(hook: HpoHook, move: Move, *, mirrored: bool) -> None:
    terminal().print(str(move), soft_wrap=True)
    if said := mirror_moved(hook.database, move.made.name, create=mirrored):
        terminal().print(said)
    if not move.repeated:
        terminal().print(announce(move), soft_wrap=True)
