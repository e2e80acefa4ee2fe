"""Errors as answers: one sentence in ``detail``, and the status that says what may help."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse

from airflow_hpo import exceptions as errors
from airflow_hpo.core.masking import masked

STATUS: dict[type[Exception], int] = {
    errors.StudyNotFoundError: 404,
    errors.ParameterSetNotFoundError: 404,
    errors.ComparisonError: 404,
    errors.OwnerNotFoundError: 404,
    errors.DeclarationError: 422,
    errors.StoreRefusedError: 503,
    errors.StoreNotMigratedError: 503,
    errors.TransientHpoError: 503,
    errors.PermanentHpoError: 409,
    errors.HpoError: 500,
}
"""Of the first class in this order that an error is of."""


def answer_errors(app: FastAPI) -> None:
    """Have an application answer our errors, those of the database and those of what was sent."""
    app.add_exception_handler(errors.HpoError, _known)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(RequestValidationError, _invalid)


def status_of(error: Exception) -> int:
    """Return the status of one of our errors."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def _known(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": masked(str(error))}, status_of(error))


def _database(_: Request, error: Exception) -> JSONResponse:
    said = masked(" ".join(str(getattr(error, "orig", None) or error).split()))
    return JSONResponse({"detail": f"The study database must answer, but it says: {said}. Try again later."}, 503)


def _invalid(_: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    said = "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in found)
    return JSONResponse({"detail": f"What is sent must be valid, but it is not: {said}. Correct it."}, 422)
