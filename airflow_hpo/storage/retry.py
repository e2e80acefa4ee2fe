"""Retries while the study database is away for a while."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, NoReturn, ParamSpec, Protocol, Self, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    before_sleep_log,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

from airflow_hpo.exceptions import StoreUnavailableError

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 5.0
"""Seconds between two attempts at most: a database that is back should not be waited for much longer."""


class RetriedStore(Protocol):
    """A store with the time for which it is tried again."""

    @property
    def patience(self) -> float:
        """Seconds; 0 for not at all."""

    @property
    def without_retry(self) -> Self:
        """The same, waiting not at all."""


S = TypeVar("S", bound=RetriedStore)
P = ParamSpec("P")
R = TypeVar("R")


def retried(call: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Let a function wait for a database that is away, as long as its first argument says; then it raises what it met.

    Only for what may be repeated after any failure: a commit without an answer may have happened or not.
    """

    @wraps(call)
    def retrying(store: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        # Whatever it calls must not wait as long again.
        return patiently(store.patience, lambda: call(store.without_retry, *args, **kwargs))

    return retrying


def patiently(seconds: float, call: Callable[[], R]) -> R:
    """Call a function again while it finds the database away, for some seconds; 0 for not at all."""
    return _retrying(seconds)(call) if seconds > 0 else call()


def _retrying(seconds: float) -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(StoreUnavailableError),
        stop=stop_after_delay(seconds),
        wait=wait_exponential_jitter(multiplier=0.2, max=LONGEST_PAUSE, jitter=0.3),
        before_sleep=before_sleep_log(logger, logging.WARNING),
        retry_error_callback=lambda state: _give_up(state, seconds),
    )


def _give_up(state: RetryCallState, seconds: float) -> NoReturn:
    error = state.outcome.exception() if state.outcome else None
    raise StoreUnavailableError(f"{error} It was tried for {seconds:g} s ([hpo] database_patience).") from error
