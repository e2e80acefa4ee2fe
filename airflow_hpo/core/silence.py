"""Silence of a trial's program: how long it may last, and the failure of one that lasted longer."""

import math
from collections.abc import Sequence
from datetime import timedelta

from airflow_hpo.core.outcome import last_lines
from airflow_hpo.exceptions import DeclarationError, FailureKind, TrialFailedError


def silence_allowed(given: float | timedelta | None) -> float | None:
    """Return how many seconds a program may say nothing, checked; None for any time."""
    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    if seconds is None or seconds == math.inf:
        return None
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
        return seconds
    raise DeclarationError(
        f"`no_news_after` is a time of more than 0, in seconds or as a timedelta, but got {given!r}. "
        "Write no_news_after=timedelta(minutes=30)."
    )


def silence_failure(what: str, seconds: float, tail: Sequence[str] | None = None) -> TrialFailedError:
    """Return the failure of a program or a function that said nothing for so long; with its last lines, where they are known."""
    said = "" if tail is None else last_lines(tail)
    reason = (
        f"The trial's {what} wrote no line and no metric for {seconds:g} seconds and was ended. Raise no_news_after, or "
        f"have the {what} print while it works.{said}"
    )
    return TrialFailedError(reason, kind=FailureKind.NO_NEWS)
