"""Specification of a pod trial that a triggerer runs from its beginning, as it is stored in Airflow's database."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from airflow_hpo import conf
from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.trials.claim import Rerun


class PodTrialSpec(BaseModel):
    """What a trial's author declares, once the DAG is parsed: Jinja is still in it, and nothing of a trial."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    manifest: dict[str, Any]
    """The pod as a Kubernetes manifest; Jinja is rendered in every text."""
    metrics: SerializeAsAny[MetricSource]
    connection: Connection
    """The cluster; Jinja is rendered in every name."""
    options: WatchLimits
    """How the pod is watched, but for what the triggerer's own configuration says."""
    work: str
    """Fingerprint of what is run, by the first rule."""
    arguments: dict[str, Any] | None = None
    """What is run, as plain data with Jinja in it; None in what was stored before it was compared."""
    files: str = ""
    """Fingerprint of the files that decide a trial's value, taken when the DAG was parsed: a triggerer may not have them."""
    hpo_conn_id: str
    """Connection of the study database."""
    rerun: Rerun = "changed"
    trial_task_id: str = ""
    """Id of a batch's trial task, with ``{batch}`` for its number; empty: abandoned trials are left alone."""
    keeps_pods: bool = False
    """Whether pods that have ended may be kept, which a worker decides."""
    delete_on_kill: bool = True
    grace_period: int | None = None
    """Seconds that a deleted pod's programs have to end; None for what the pod declares."""
    time_limit: float | None = None
    """Seconds that a program may run from its start; None for any time."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from what :meth:`to_dict` returned."""
        return cls.model_validate(data)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return {**self.model_dump(mode="json"), "metrics": self.metrics.to_dict()}

    def watch_limits(self, attempt: Attempt) -> WatchLimits:
        """Return how the pod of an attempt is watched."""
        return replace(
            self.options,
            report_interval=conf.report_interval(),
            ending_interval=conf.poll_interval(),
            execution_timeout=self.time_limit,
            begun=attempt.started.timestamp(),
        )
