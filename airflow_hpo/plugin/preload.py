"""Plugin of Airflow, and a listener that imports what trials need before Airflow forks: the LocalExecutor its workers, the triggerer the process of its
triggers, and the DAG processor one for every file.

A task of the LocalExecutor is a fork of the scheduler: what the scheduler has imported costs the task nothing. Kubernetes'
client alone costs seconds. The DAG processor also starts a process for every task that ends in the triggerer, because of
the task's success callbacks, whether there are any or not.
"""

import importlib
import logging
import sys
from functools import cached_property
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from airflow_hpo.plugin.macros import champion

logger = logging.getLogger(__name__)

MODULES = (
    "airflow_hpo.task_groups.tune",
    "airflow_hpo.studies.migrate",
    "airflow_hpo.optuna.optuna_studies",
    "optuna.storages._rdb.models",
    "alembic.migration",
    "alembic.script",
    "airflow_hpo.task_groups.pods",
    "airflow_hpo.pods.api.cluster_pod",
    "kubernetes_asyncio.client",
    "airflow.sdk.bases.operatorlink",
    "airflow.providers.standard.operators.python",
    "numpy.random",
    "jinja2.ext",
)
PAGES = "airflow_hpo.plugin.pages"
PARENTS = (["scheduler"], ["triggerer"], ["dag-processor"])
"""Commands of the processes that fork."""


class PreloadListener:
    """Imports :data:`MODULES` when a process that forks starts and ``[hpo] preload`` is on."""

    @hookimpl
    def on_starting(self, component: Any) -> None:
        """Import before anything is forked; an import that fails is logged and left to the tasks."""
        if sys.argv[1:2] not in PARENTS or not _switched_on():
            return
        for name in MODULES:
            try:
                importlib.import_module(name)
            except ImportError:
                logger.exception("Module %s cannot be preloaded.", name)
        _configure_mappers()


class HpoPlugin(AirflowPlugin):
    """Registers the listener, what templates may use as ``macros.hpo``, and the pages.

    What the pages need is imported where Airflow asks for it: its API server, and no other process.
    """

    name = "hpo"
    listeners = [PreloadListener()]
    macros = [champion]

    @cached_property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]
        """The pages' API and files."""
        return _of_pages("fastapi_apps")

    @cached_property
    def react_apps(self) -> list[Any]:  # type: ignore[override]
        """The pages in Airflow's UI."""
        return _of_pages("react_apps")

    @cached_property
    def operator_extra_links(self) -> list[Any]:  # type: ignore[override]
        """Buttons of our tasks that lead to the pages."""
        return _of_pages("operator_extra_links")


def _of_pages(attribute: str) -> list[Any]:
    """Return what the pages register; an error would end Airflow's API server, so the pages are missing instead."""
    try:
        return list(getattr(importlib.import_module(PAGES), attribute)())
    except Exception:  # an error of any library that the pages need
        logger.exception("Airflow's UI shows no studies, because the pages cannot give their %s.", attribute)
        return []


def _configure_mappers() -> None:
    """Do once what SQLAlchemy would do in every process at its first query, for all tables known by then."""
    from sqlalchemy.orm import configure_mappers

    configure_mappers()


def _switched_on() -> bool:
    from airflow_hpo import conf

    return conf.preload()
