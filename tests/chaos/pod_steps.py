"""The steps of a trial in a pod at which a process can be held; their subject is the trial's number."""

from __future__ import annotations

from typing import Any

from airflow_hpo.pods.build import labels
from tests.chaos.strikes import TRIAL, Of, Step

NOBODY = ("", None)


def _requested(store: Any, request: Any, *_: Any) -> tuple[str, str | None]:
    return request.study, str(request.number)


def _starting(starter: Any, *_: Any) -> tuple[str, str | None]:
    return _requested(None, starter._identity.request)


def _seen(phase: str) -> Of:
    def of(pod: Any, *_: Any) -> tuple[str, str | None]:
        if pod.status.phase != phase:
            return NOBODY
        return pod.metadata.annotations[labels.EDITION], pod.metadata.labels[labels.TRIAL]

    return of


def _told(store: Any, attempt: Any, *_: Any) -> tuple[str, str | None]:
    return attempt.study, str(attempt.number)


STARTER = "airflow_hpo.pods.start:PodStarter.create"
FAILURES = "airflow_hpo.pods.failures"
CONCLUDE = f"{TRIAL}.run:conclude"
"""In a worker and in the triggerer alike."""
CLAIM, BEGUN, CREATED = "before the claim", "attempt begun, pod not created", "pod created, study not told where"
PENDING, RUNNING = "pod pending", "pod running"
FINISHED, TOLD = "pod finished, study not told", "study told, task not finished"
STARTING = (CLAIM, BEGUN, CREATED)
WATCHING = (PENDING, RUNNING, FINISHED, TOLD)

STEPS = (
    Step(CLAIM, f"{TRIAL}.claim:claim", "before", _requested),
    Step(BEGUN, STARTER, "before", _starting),
    Step(CREATED, STARTER, "after", _starting),
    Step(PENDING, f"{FAILURES}:started", "before", _seen("Pending")),
    Step(RUNNING, f"{FAILURES}:over", "before", _seen("Running")),
    Step(FINISHED, CONCLUDE, "before", _told),
    Step(TOLD, CONCLUDE, "after", _told),
)
