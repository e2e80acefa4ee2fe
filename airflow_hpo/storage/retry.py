"""Retries while the study database is away for a while, or its tables are being upgraded."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any, Concatenate, NoReturn, ParamSpec, Protocol, Self, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    before_sleep_log,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

from airflow_hpo.exceptions import StoreRevisionError, StoreUnavailableError

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
    """Let a function wait for a database that is away, or is upgraded, as long as its first argument says; then it raises.

    Only for what may be repeated after any failure: a commit without an answer may have happened or not.
    """

    @wraps(call)
    def retrying(store: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        # Whatever it calls must not wait as long again.
        return patiently(store.patience, lambda: call(store.without_retry, *args, **kwargs))

    return retrying


def patiently(seconds: float, call: Callable[[], R]) -> R:
    """Call a function again while it finds the database away or upgraded, for some seconds; 0 for not at all."""
    both = (StoreUnavailableError, StoreRevisionError)
    return Retrying(**_options(seconds, both))(call) if seconds > 0 else call()


def while_upgraded(seconds: float, call: Callable[[], R]) -> R:
    """Call a function again while the tables have another revision, for some seconds; an absence is raised at once."""
    return Retrying(**_options(seconds, StoreRevisionError))(call)


async def while_upgraded_async(seconds: float, call: Callable[[], Awaitable[R]]) -> R:
    """The same, without a thread that waits."""
    return await AsyncRetrying(**_options(seconds, StoreRevisionError))(call)


def _options(seconds: float, errors: type[Exception] | tuple[type[Exception], ...]) -> dict[str, Any]:
    return {
        "retry": retry_if_exception_type(errors),
        "stop": stop_after_delay(seconds),
        "wait": wait_exponential_jitter(multiplier=0.2, max=LONGEST_PAUSE, jitter=0.3),
        "before_sleep": partial(_say, seconds),
        "retry_error_callback": partial(_give_up, seconds),
    }


def _say(seconds: float, state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, StoreRevisionError):
        before_sleep_log(logger, logging.WARNING)(state)
    elif state.attempt_number == 1:
        logger.warning(
            "The tables have revision %s, this version needs %s: waiting up to %g s for the upgrade.",
            *(error.found, error.needed, seconds),
        )


def _give_up(seconds: float, state: RetryCallState) -> NoReturn:
    error = state.outcome.exception() if state.outcome else None
    tried = f"{error} It was tried for {seconds:g} s ([hpo] database_patience)."
    if isinstance(error, StoreRevisionError):
        raise StoreRevisionError(tried, error.found, error.needed) from error
    raise StoreUnavailableError(tried) from error
