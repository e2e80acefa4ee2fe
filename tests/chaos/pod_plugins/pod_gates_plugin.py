"""Puts the gates of :mod:`tests.chaos.pod_steps` where tasks and triggers are forked from."""

from __future__ import annotations

import sys
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from tests.chaos.pod_steps import STEPS
from tests.chaos.strikes import arm


class Gates:
    """Arms the processes that fork tasks and triggers, before they do."""

    @hookimpl
    def on_starting(self, component: Any) -> None:
        if sys.argv[1:2] in (["scheduler"], ["triggerer"]):
            arm(STEPS)


class PodGatesPlugin(AirflowPlugin):
    name = "pod_gates"
    listeners = [Gates()]
