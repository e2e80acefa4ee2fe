"""Routes of studies: the list, one of them, and how its family drifts."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from airflow_hpo.hooks.airflow_runs import end_of_run, ended_runs, tasks_of
from airflow_hpo.pages.drift import drift_of
from airflow_hpo.pages.models.answer import LARGEST
from airflow_hpo.pages.models.studies import Drift, MayStudy, StudyList, StudyPage, Why
from airflow_hpo.pages.studies import list_studies
from airflow_hpo.pages.study import study_page
from airflow_hpo.pages.study_filter import StudyFilter
from airflow_hpo.pages.why import why_of
from airflow_hpo.plugin.access import EditionDep, RightsDep
from airflow_hpo.plugin.study_database import StoreDep
from airflow_hpo.storage import sharers

router = APIRouter()

FilterDep = Annotated[StudyFilter, Depends(StudyFilter)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[int | None, Query(ge=1, le=LARGEST)]


@router.get("/studies")
def studies(
    store: StoreDep, rights: RightsDep, wanted: FilterDep, limit: Limit = 50, cursor: Cursor = None
) -> StudyList:
    """List editions, the newest first, of the DAGs that the person may read."""
    counted = cursor is None and rights.may_read(None)
    return list_studies(store, wanted, rights.readable, ended_runs, limit=limit, before=cursor, counted=counted)


@router.get("/studies/{study}")
def study(found: EditionDep, store: StoreDep, rights: RightsDep) -> StudyPage:
    """Return one edition with what its page shows around the trials."""
    dag_id = found.edition.dag_id
    may = MayStudy(steer=rights.may_steer(dag_id), clear=rights.may_clear(dag_id))
    return study_page(store, found, ended_runs, may)


@router.get("/studies/{study}/why")
def why(found: EditionDep, store: StoreDep) -> Why:
    """Say what holds a study up, from its trials and from the tasks of its DAG run; asked for when a person wants to know."""
    tasks = tasks_of(found.edition, store.read(sharers.find, found.edition.name))
    return why_of(store, found, replace(tasks, ended=end_of_run(store, found.edition)))


@router.get("/families/{family:path}/drift")
def drift(family: str, store: StoreDep, rights: RightsDep) -> Drift:
    """Return how the optimum of a family moved over its editions."""
    return drift_of(store, family, rights.readable)
