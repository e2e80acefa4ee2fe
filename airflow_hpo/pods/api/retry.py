"""Retries of calls that the Kubernetes API did not answer."""

from tenacity import RetryCallState, retry, wait_exponential

from airflow_hpo.exceptions import ClusterError, ClusterForbiddenError, ClusterFullError, ClusterUnavailableError

AWAY = 60.0
"""Seconds for which an API server that does not answer is asked again: one that restarts takes 10 to 40."""
LONGEST_WAIT = 5.0

_backoff = wait_exponential(multiplier=0.5, max=LONGEST_WAIT)


def _wait(state: RetryCallState) -> float:
    err = _error(state)
    wanted = err.retry_after if isinstance(err, ClusterError) else None
    return max(_backoff(state), wanted or 0.0)


def _unanswered(state: RetryCallState) -> bool:
    # A quota is waited for by who watches, not by who asks.
    err = _error(state)
    return isinstance(err, ClusterUnavailableError) and not isinstance(err, ClusterFullError) and _waited(state) < AWAY


def _undone(state: RetryCallState) -> bool:
    forbidden = isinstance(_error(state), ClusterForbiddenError) and _waited(state) < AWAY
    return _unanswered(state) or forbidden


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _waited(state: RetryCallState) -> float:
    return state.seconds_since_start or 0.0


until_answered = retry(retry=_unanswered, wait=_wait, reraise=True)
"""Makes a call, asynchronous or not, outlive an API server that restarts."""
until_done = retry(retry=_undone, wait=_wait, reraise=True)
"""The same for what nothing does later, such as the deletion of a trial's pod: a missing right, too, is asked about for as long."""
