"""Owner of a parameter set: the first DAG that promotes it. A person at the command line may always move its champion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_hpo.core.owner import Owner
from airflow_hpo.core.parameter_set import check_name
from airflow_hpo.exceptions import OwnerError
from airflow_hpo.storage import owners
from airflow_hpo.storage.owners import Kind, Owned
from airflow_hpo.storage.retry import retried

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_hpo.studies.store import Store


def claim_parameter_set(session: Session, name: str, dag_id: str | None, allow_other_owner: bool) -> None:
    """Let a DAG own a set that has no owner, and refuse one that does not own it.

    A DAG that is allowed to move sets of others becomes the owner of none.
    """
    if dag_id is None or allow_other_owner:
        return
    asker = Owner(dag_id)
    _refuse_other(name, owners.claim(session, Kind.PARAMETER_SET, name, asker).owner, asker)


@retried
def check_parameter_set(store: Store, name: str, dag_id: str) -> None:
    """Refuse a DAG that will be refused when it moves the champion; a set without an owner goes on having none."""
    found = store.read(owners.find, Kind.PARAMETER_SET, name)
    if found:
        _refuse_other(name, found.owner, Owner(dag_id))


def _refuse_other(name: str, found: Owner, asker: Owner) -> None:
    if not found.includes(asker):
        raise OwnerError(
            f"Parameter set {name!r} belongs to {found}, but {asker} wants to move its champion. Move another set, allow it "
            f"by allow_other_owner=True in the task, or, when the DAG was renamed, run "
            f"`airflow hpo champion transfer {name} --to-dag {asker.dag_id}`."
        )


@retried
def transfer_parameter_set(store: Store, name: str, dag_id: str) -> Owned:
    """Give a parameter set to another DAG."""
    with store.session() as session:
        [moved] = owners.transfer(session, Kind.PARAMETER_SET, check_name(name), dag_id)
    return moved
