"""Audit of what people do on the pages, in Airflow's own log of events; attempts that are refused stand there too."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.api_fastapi.logging.decorators import action_logging
from fastapi import Depends, Request

from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.pages.edition import numbered
from airflow_hpo.pages.parameter_sets import owner_dag
from airflow_hpo.plugin.access import StudyNumber
from airflow_hpo.plugin.study_database import StoreDep

Place = dict[str, str]


def run_of_study(study: StudyNumber, store: StoreDep) -> Place:
    """Return the DAG run of the study in a path, under which Airflow lists the event; empty where there is none."""
    try:
        run = store.read(numbered, study).edition.dag_run
    except StudyNotFoundError:
        return {}
    return {"dag_id": run.dag_id, "run_id": run.run_id} if run else {}


def dag_of_set(name: str, store: StoreDep) -> Place:
    """Return the DAG of the parameter set in a path; empty where there is none."""
    dag_id = store.read(owner_dag, name)
    return {"dag_id": dag_id} if dag_id else {}


def audited(event: str, place_of: Callable[..., Place] = run_of_study) -> Callable[..., Awaitable[None]]:
    """Return the dependency that notes an event with who asked and what was sent, before any right is looked at."""
    note: Any = action_logging(event=event)

    async def noted(
        request: Request, session: SessionDep, user: GetUserDep, place: Annotated[Place, Depends(place_of)]
    ) -> None:
        # Airflow takes the DAG of an event from the path, and our paths do not name it.
        request.path_params.update(place)
        await note(request, session, user)

    return noted
