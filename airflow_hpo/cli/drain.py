"""``airflow hpo studies drain``."""

from collections.abc import Iterator
from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import terminal
from airflow_hpo.core.edition import Edition
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.storage import editions
from airflow_hpo.studies import drain as drains
from airflow_hpo.studies.deleted_trials import lost_trials
from airflow_hpo.studies.rows import find_edition
from airflow_hpo.studies.stop import named_trials
from airflow_hpo.studies.store import Store


@one_line_errors
def drain(args: Any) -> None:
    """Let studies start nothing new, or go on."""
    if bool(args.name) == args.all:
        raise DeclarationError("Either a study is named or all are meant, but got both or none. Give a name, or --all.")
    store = hook_of(args.conn_id).store
    meant = [find_edition(store, args.name)] if args.name else store.read(editions.unfinished)
    lines = _cancelled(store, meant) if args.cancel else _drained(store, meant)
    for line in lines:
        terminal().print(line, soft_wrap=True)


def _cancelled(store: Store, meant: list[Edition]) -> Iterator[str]:
    drained = [edition for edition in meant if edition.drained]
    for edition in drained:
        drains.cancel_drain(store, edition.name)
        yield f"{edition.name} goes on."
    if not drained:
        yield "Nothing is drained, so there is nothing to cancel."


def _drained(store: Store, meant: list[Edition]) -> Iterator[str]:
    kept = [edition for edition in meant if edition.finished is None and lost_trials(store, edition) is None]
    found = [drains.drain(store, edition.name, system_user()) for edition in kept]
    for one in found:
        yield f"{one.edition.name}: {one.edition.drained or 'It has finished.'}"
        if one.waiting:
            yield f"{named_trials(one.waiting)} suggested and not begun; what has not begun waits."
        if one.running:
            yield f"{named_trials(one.running)} running and left to finish."
    if not found:
        yield "What has finished starts nothing, so there is nothing to drain."
    elif not any(one.running for one in found):
        yield "Nothing runs."
