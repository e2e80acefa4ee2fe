from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from airflow.listeners import hookimpl
from airflow.sdk import Asset
from airflow.sdk.listener import get_listener_manager

from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.operators.end_in_triggerer import may_end_in_triggerer
from airflow_hpo.operators.pod import TrialPodOperator

REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5}, seed=3).to_dict()


@pytest.fixture(autouse=True)
def _nobody_listens() -> Iterator[None]:
    """Takes away what Airflow's own examples bring."""
    manager = get_listener_manager()
    there = [one.plugin for one in manager.hook.on_task_instance_success.get_hookimpls()]
    for plugin in there:
        manager.pm.unregister(plugin)
    yield
    for plugin in there:
        manager.pm.register(plugin)


def operator(**arguments: Any) -> TrialPodOperator:
    return TrialPodOperator(task_id="trial", request=REQUEST, image="i", **arguments)


def test_a_trial_that_nothing_waits_for_ends_in_the_triggerer() -> None:
    assert may_end_in_triggerer(operator())


@pytest.mark.parametrize(
    "argument",
    [
        {"on_success_callback": print},
        {"outlets": [Asset("a")]},
        {"post_execute": print},
        {"callbacks": [object]},
        {"on_finish_action": "keep_pod"},
    ],
)
def test_what_only_a_worker_does_brings_the_task_back_to_one(argument: dict[str, Any]) -> None:
    assert not may_end_in_triggerer(operator(**argument))


class Listener:
    """Waits for tasks that succeed, as plugins do."""

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        """Do nothing."""


def test_a_listener_is_told_by_a_worker() -> None:
    manager, listener = get_listener_manager(), Listener()
    manager.add_listener(listener)
    try:
        assert not may_end_in_triggerer(operator())
    finally:
        manager.pm.unregister(listener)
