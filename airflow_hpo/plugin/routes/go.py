"""Route behind the buttons of tasks: it leads to the page of a task."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.exceptions import HpoError
from airflow_hpo.pages.places import Place, place_of
from airflow_hpo.plugin.access import RightsDep
from airflow_hpo.plugin.pages import ROUTE, base_path
from airflow_hpo.plugin.study_database import store_to_read

router = APIRouter()
Id = Annotated[str, Query(min_length=1, max_length=250)]


@router.get("/go", response_class=RedirectResponse, status_code=303, include_in_schema=False)
def go(rights: RightsDep, dag_id: Id, run_id: Id, task_id: Id, map_index: int = -1) -> RedirectResponse:
    """Lead to the page of a task; where it may not be read, or the database is away, to the list, which says so."""
    place: Place = {}
    if rights.may_read(dag_id):
        try:
            place = store_to_read().read(place_of, TaskRun(dag_id, run_id, task_id, map_index))
        except HpoError:
            place = {"dag_id": dag_id, "run_id": run_id}
    query = f"?{urlencode(dict(place))}" if place else ""
    return RedirectResponse(f"{base_path()}/plugin/{ROUTE}{query}", status_code=303)
