"""The pages' API and files, as one application below ``/hpo`` of Airflow's API server."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from airflow_hpo import __version__
from airflow_hpo.plugin.access import signed_in
from airflow_hpo.plugin.errors import answer_errors
from airflow_hpo.plugin.guard import Guard
from airflow_hpo.plugin.pages import STATIC, static_version
from airflow_hpo.plugin.routes import comparisons, go, me, parameter_sets, steering, studies, trials

ROUTERS: tuple[APIRouter, ...] = (
    go.router,
    me.router,
    studies.router,
    trials.router,
    steering.router,
    comparisons.router,
    parameter_sets.router,
)
"""Each route of these is asked for with a session; one line for each module of ``routes``."""
API = "/api/v1"
FOR_EVER = "public, max-age=31536000, immutable"


def make_app() -> FastAPI:
    """Return the application; without the pages that FastAPI adds, which are open without a session."""
    app = FastAPI(
        title="Pages of airflow-provider-hpo",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(signed_in)],
    )
    for router in ROUTERS:
        app.include_router(router, prefix=API)
    app.mount(f"/static/{static_version()}", KeptFiles(directory=STATIC, check_dir=False), name="static")
    app.add_middleware(Guard)
    answer_errors(app)
    return app


class KeptFiles(StaticFiles):
    """Files that browsers keep: their address changes when they do."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a file that is never asked for again."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = FOR_EVER
        return response
