"""Routes of the trials of a study."""

import gzip
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from airflow_hpo.pages import attempts as every_attempt
from airflow_hpo.pages import columns
from airflow_hpo.pages import curves as of_trials
from airflow_hpo.pages import failures as by_reason
from airflow_hpo.pages.edition import Numbered
from airflow_hpo.pages.models.answer import Answer
from airflow_hpo.pages.models.trials import AttemptColumns, Columns, Curves, Failures, TrialDetail
from airflow_hpo.pages.trial import trial_of
from airflow_hpo.plugin.access import EditionDep
from airflow_hpo.plugin.study_database import StoreDep
from airflow_hpo.studies.store import Store

router = APIRouter(prefix="/studies/{study}")
MOST_NUMBER = 2**31 - 1
"""Larger ones are no number of a trial in any database."""
LARGE = 100_000
"""Bytes from which on an answer is compressed here: Airflow takes twice the time to make it two per cent smaller."""
LEVEL = 4
ALWAYS_ASK = "private, no-cache"
"""A browser keeps the answer and asks each time whether it still holds."""


@router.get("/trials", response_model=Columns)
def trials(
    found: EditionDep,
    store: StoreDep,
    request: Request,
    since: Annotated[int, Query(ge=0, le=MOST_NUMBER)] = 0,
) -> Response:
    """Return the trials of a study from a number on as columns; 304 while they are those of the last answer."""
    return _unless_known(request, store, found, lambda: columns.columns_of(store, found.edition, since), since)


@router.get("/trials/{number}")
def trial(found: EditionDep, store: StoreDep, number: Annotated[int, Path(ge=0, le=MOST_NUMBER)]) -> TrialDetail:
    """Return all of one trial."""
    return trial_of(store, found, number)


@router.get("/attempts", response_model=AttemptColumns)
def attempts(found: EditionDep, store: StoreDep, request: Request) -> Response:
    """Return when and where all attempts of a study ran, as columns; 304 while they are those of the last answer."""
    return _unless_known(request, store, found, lambda: every_attempt.attempts_of(store, found.edition))


@router.get("/failures", response_model=Failures)
def failures(found: EditionDep, store: StoreDep, request: Request) -> Response:
    """Return why trials of a study failed, the most frequent reason first; 304 while nothing has changed."""
    return _unless_known(request, store, found, lambda: by_reason.failures_of(store, found.edition))


@router.get("/curves")
def curves(
    found: EditionDep,
    store: StoreDep,
    numbers: Annotated[str | None, Query(max_length=10_000)] = None,
    best: Annotated[int, Query(ge=1, le=of_trials.MOST)] = 50,
) -> Curves:
    """Return what trials reported of the objective: those that are named, as ``1,2,3``, else the best ones."""
    if numbers is None:
        return of_trials.best_curves(store, found.edition, best)
    return of_trials.curves_of(store, found.edition, of_trials.numbers_in(numbers))


def _unless_known(
    request: Request, store: Store, found: Numbered, answer: Callable[[], Answer], since: int = 0
) -> Response:
    """Return an answer, unless the browser has it already: nothing has happened to the study since."""
    etag = f'"{columns.version_of(store, found.edition, since)}"'
    headers = {"ETag": etag, "Cache-Control": ALWAYS_ASK}
    # What compresses an answer on its way may call its tag a weak one.
    if etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    # Written at once: FastAPI would first check each of a hundred thousand values that were just read.
    body = answer().model_dump_json().encode()
    if len(body) >= LARGE and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        body = gzip.compress(body, LEVEL)
    return Response(body, media_type="application/json", headers=headers)
