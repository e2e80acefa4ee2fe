"""Routes of the trials of a study."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from airflow_hpo.pages import columns
from airflow_hpo.pages.models.trials import Columns
from airflow_hpo.plugin.access import EditionDep
from airflow_hpo.plugin.study_database import StoreDep

router = APIRouter(prefix="/studies/{study}")
ALWAYS_ASK = "private, no-cache"
"""A browser keeps the answer and asks each time whether it still holds."""


@router.get("/trials", response_model=Columns)
def trials(
    found: EditionDep,
    store: StoreDep,
    since: Annotated[int, Query(ge=0)] = 0,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return the trials of a study from a number on as columns; 304 while they are those of the last answer."""
    etag = f'"{columns.version_of(store, found.edition, since)}"'
    headers = {"ETag": etag, "Cache-Control": ALWAYS_ASK}
    # What compresses an answer on its way may call its tag a weak one.
    if if_none_match and etag in if_none_match:
        return Response(status_code=304, headers=headers)
    # Written at once: FastAPI would first check each of a hundred thousand values that were just read.
    body = columns.columns_of(store, found.edition, since).model_dump_json()
    return Response(body, media_type="application/json", headers=headers)
