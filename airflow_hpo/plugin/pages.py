"""Registration of the pages in Airflow's UI: names, routes and icons."""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

logger = logging.getLogger(__name__)

PREFIX = "/hpo"
"""Below which Airflow serves the API and the files of the pages."""
ROUTE = "hpo"
"""Of the page in Airflow's own navigation: ``/plugin/hpo``."""
RUN_ROUTE = "hpo_run"
"""Of the tab of a DAG run."""
STATIC = Path(__file__).parents[1] / "pages" / "static"
ENTRY = "main.js"


def base_path() -> str:
    """Return the path that Airflow is served under, without a slash at its end; empty at the root of a host."""
    from airflow.configuration import conf

    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


@cache
def static_version() -> str:
    """Return what stands in the addresses of the files: browsers keep them for ever, so it changes with their content."""
    from airflow_hpo import __version__

    digest = hashlib.sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(path.relative_to(STATIC).as_posix().encode() + path.read_bytes())
    return f"{__version__}-{digest.hexdigest()[:12]}"


def fastapi_apps() -> list[dict[str, Any]]:
    """Return the API of the pages, as Airflow mounts it."""
    from airflow_hpo.plugin.app import make_app

    return [{"app": make_app(), "url_prefix": PREFIX, "name": "hpo"}]


def react_apps() -> list[dict[str, Any]]:
    """Return the page of the navigation and the tab of a DAG run; none where their files are missing.

    Airflow shows ``name`` to people, and looks for it among the global names that the bundle sets.
    """
    if not (STATIC / ENTRY).is_file():
        logger.warning("The pages of studies are not shown in Airflow's UI, because %s is missing.", STATIC / ENTRY)
        return []
    files = f"{base_path()}{PREFIX}/static/{static_version()}"
    shared = {"bundle_url": f"{files}/{ENTRY}", "icon": f"{files}/icon.svg", "icon_dark_mode": f"{files}/icon_dark.svg"}
    return [
        {**shared, "name": "Studies", "destination": "nav", "url_route": ROUTE, "nav_top_level": True},
        {**shared, "name": "Study", "destination": "dag_run", "url_route": RUN_ROUTE},
    ]


def operator_extra_links() -> list[Any]:
    """Return the buttons of our tasks that lead to their pages."""
    from airflow_hpo.plugin.links import page_links

    return list(page_links())
