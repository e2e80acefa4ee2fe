"""Imports what trial tasks need before the LocalExecutor forks its workers.

A task of the LocalExecutor is a fork of the scheduler: what the scheduler has imported costs the task nothing.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

logger = logging.getLogger(__name__)

MODULES = (
    "airflow_hpo.task_groups.tune",
    "airflow_hpo.tuning.schema",
    "airflow_hpo.search.studies",
    "airflow.providers.standard.operators.python",
)


class PreloadListener:
    """Imports :data:`MODULES` when the scheduler starts and ``[hpo] preload`` is on."""

    @hookimpl
    def on_starting(self, component: Any) -> None:
        """Import before the executor starts; an import that fails is logged and left to the tasks."""
        if sys.argv[1:2] != ["scheduler"] or not _wanted():
            return
        for name in MODULES:
            try:
                importlib.import_module(name)
            except ImportError:
                logger.exception("Module %s cannot be preloaded.", name)


class HpoPlugin(AirflowPlugin):
    """Registers the listener."""

    name = "hpo"
    listeners = [PreloadListener()]


def _wanted() -> bool:
    from airflow_hpo import conf

    return conf.preload()
