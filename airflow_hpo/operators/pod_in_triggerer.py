"""Trigger of pod trials that were deferred by the version before: their arguments were an operator's, as JSON.

Not for new code: :class:`airflow_hpo.triggers.trial_run.TrialPodRunTrigger` is what tasks start from now.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.triggers import trial_run
from airflow_hpo.triggers.trial_spec import PodTrialSpec

KUBERNETES = "__kubernetes__"
METRICS = "__metrics__"
_SOURCE: TypeAdapter[MetricSource] = TypeAdapter(MetricSource)


class TrialPodRunTrigger(trial_run.TrialPodRunTrigger):
    """Runs a trial of a task that was deferred by the version before.

    :param requests: where the trial's request is.
    :param operator_arguments: the arguments of a :class:`airflow_hpo.operators.pod.TrialPodOperator`, as that version wrote them.
    """

    def __init__(self, requests: Mapping[str, str], operator_arguments: str) -> None:
        super().__init__(requests, {})
        self.operator_arguments = operator_arguments

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild this trigger."""
        arguments = {"requests": self.requests, "operator_arguments": self.operator_arguments}
        return "airflow_hpo.operators.pod_in_triggerer.TrialPodRunTrigger", arguments

    def spec(self) -> PodTrialSpec:
        """Return what the arguments declare."""
        from airflow_hpo.operators.pod import TrialPodOperator

        arguments = {name: _read(value) for name, value in json.loads(self.operator_arguments).items()}
        return TrialPodOperator(task_id="trial", request={}, **arguments).spec()


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, dict):
        return value
    if METRICS in value:
        return _SOURCE.validate_python(value[METRICS])
    read = {name: _read(item) for name, item in value.items()}
    if KUBERNETES not in read:
        return read
    from kubernetes import client  # type: ignore[import-untyped]

    return getattr(client, read[KUBERNETES])(**read["fields"])
