"""Routes of the trials of a study."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
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
Tag = Annotated[str | None, Header()]
ALWAYS_ASK = "private, no-cache"
"""A browser keeps the answer and asks each time whether it still holds."""


@router.get("/trials", response_model=Columns)
def trials(
    found: EditionDep,
    store: StoreDep,
    since: Annotated[int, Query(ge=0, le=MOST_NUMBER)] = 0,
    if_none_match: Tag = None,
) -> Response:
    """Return the trials of a study from a number on as columns; 304 while they are those of the last answer."""
    return _unless_known(store, found, if_none_match, lambda: columns.columns_of(store, found.edition, since), since)


@router.get("/trials/{number}")
def trial(found: EditionDep, store: StoreDep, number: Annotated[int, Path(ge=0, le=MOST_NUMBER)]) -> TrialDetail:
    """Return all of one trial."""
    return trial_of(store, found, number)


@router.get("/attempts", response_model=AttemptColumns)
def attempts(found: EditionDep, store: StoreDep, if_none_match: Tag = None) -> Response:
    """Return when and where all attempts of a study ran, as columns; 304 while they are those of the last answer."""
    return _unless_known(store, found, if_none_match, lambda: every_attempt.attempts_of(store, found.edition))


@router.get("/failures", response_model=Failures)
def failures(found: EditionDep, store: StoreDep, if_none_match: Tag = None) -> Response:
    """Return why trials of a study failed, the most frequent reason first; 304 while nothing has changed."""
    return _unless_known(store, found, if_none_match, lambda: by_reason.failures_of(store, found.edition))


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
    store: Store, found: Numbered, known: str | None, answer: Callable[[], Answer], since: int = 0
) -> Response:
    """Return an answer, unless the browser has it already: nothing has happened to the study since."""
    etag = f'"{columns.version_of(store, found.edition, since)}"'
    headers = {"ETag": etag, "Cache-Control": ALWAYS_ASK}
    # What compresses an answer on its way may call its tag a weak one.
    if known and etag in known:
        return Response(status_code=304, headers=headers)
    # Written at once: FastAPI would first check each of a hundred thousand values that were just read.
    return Response(answer().model_dump_json(), media_type="application/json", headers=headers)
