"""Routes of parameter sets: what production uses and used, and the way back."""

from fastapi import APIRouter, Depends

from airflow_hpo.core.parameter_set import Provenance, check_name
from airflow_hpo.exceptions import HpoError
from airflow_hpo.hooks.moved_champion import announce, mirror_moved
from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.pages.models.parameter_sets import (
    MayRollBack,
    ParameterSetDetail,
    ParameterSets,
    RollbackAsked,
    RolledBack,
)
from airflow_hpo.pages.parameter_sets import no_such_set, owner_dag, parameter_set_detail, parameter_set_lines
from airflow_hpo.parameter_sets.moves import Move, rollback
from airflow_hpo.plugin.access import Rights, RightsDep
from airflow_hpo.plugin.audit import audited, dag_of_set
from airflow_hpo.plugin.study_database import StoreDep, WritableStoreDep
from airflow_hpo.storage.parameter_sets import number_in_use as in_use
from airflow_hpo.studies.store import Store

router = APIRouter()


@router.get("/parameter-sets")
def parameter_sets(store: StoreDep, rights: RightsDep) -> ParameterSets:
    """Return the parameter sets that the person may read, by name."""
    lines = store.read(parameter_set_lines)
    readable = rights.readable({line.dag_id for line in lines})
    return ParameterSets(parameter_sets=[line for line in lines if line.dag_id in readable])


@router.get("/parameter-sets/{name:path}")
def parameter_set(name: str, store: StoreDep, rights: RightsDep) -> ParameterSetDetail:
    """Return one parameter set with its history; 404 where it is not there or may not be read."""
    dag_id = _readable(store, rights, name)
    found = store.read(parameter_set_detail, name)
    return found.model_copy(update={"may": MayRollBack(rollback=rights.may_move_champions(dag_id))})


@router.post("/parameter-sets/{name:path}/rollback", dependencies=[Depends(audited("hpo_rollback", dag_of_set))])
def roll_back(name: str, asked: RollbackAsked, store: WritableStoreDep, rights: RightsDep) -> RolledBack:
    """Bring an earlier version back; 409 where the champion is another one than the person saw."""
    rights.check_move(_readable(store, rights, name))
    origin = Provenance(approved_by=rights.name, acted_by=system_user(), reason=asked.reason)
    move = rollback(store, name, asked.to, provenance=origin, expected=asked.expected)
    return RolledBack(version=move.made.version, sentence=_told(store, move))


def _readable(store: Store, rights: Rights, name: str) -> str | None:
    """Return the DAG of a set that may be read."""
    name = check_name(name)
    dag_id = store.read(owner_dag, name)
    if not store.read(in_use, name) or not rights.may_read(dag_id):
        raise no_such_set(name)
    return dag_id


def _told(store: Store, move: Move) -> str:
    """Tell those who wait for the champion, and say so; it has moved, so nothing here may fail the request."""
    try:
        mirrored = mirror_moved(store.database, move.made.name)
    except HpoError as err:
        mirrored = f"Its Variable could not be brought up to date: {err}"
    return " ".join(filter(None, [str(move), mirrored, announce(move)]))
