"""Trying again what must not be left undone: a pod that nobody deletes stays until somebody looks for it."""

from __future__ import annotations

from tenacity import RetryCallState, retry, wait_exponential
from urllib3.exceptions import HTTPError

from airflow_hpo.exceptions import TrialFailedError

AWAY = 60.0
"""Seconds for which an API server that does not answer is asked again."""
REFUSED = 15.0
"""Seconds for which a refusal is not believed: an API server that has just started knows no roles yet."""
FORBIDDEN = 403


def _may_pass(state: RetryCallState) -> bool:
    err = state.outcome.exception() if state.outcome else None
    waited = state.seconds_since_start or 0.0
    if isinstance(err, ConnectionError | HTTPError):
        return waited < AWAY
    refused = isinstance(err, TrialFailedError) or getattr(err, "status", None) == FORBIDDEN
    return refused and waited < REFUSED


retried = retry(retry=_may_pass, wait=wait_exponential(multiplier=0.5, max=5), reraise=True)
"""Makes a call of the Kubernetes API, asynchronous or not, outlive an API server that restarts."""
