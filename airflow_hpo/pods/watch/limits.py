"""Limits of a pod's watch: how long each wait may be and how often it looks; a trigger stores them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """How a pod is watched; all times in seconds."""

    container: str
    """The container of the trial's program."""
    schedule_timeout: float
    startup_timeout: float
    startup_check_interval: float
    poll_interval: float
    api_timeout: float
    """How long the API server may be away."""
    report_interval: float
    ending_interval: float
    """How often to ask whether the trial has to end although it reports nothing."""
    metrics_container: str | None = None
    """A native sidecar that prints the metrics; None when the program's output or termination message holds them."""
    deadline: float | None = None
    """Seconds since 1970 at which the task's execution_timeout ends the trial; None for never."""
    execution_timeout: float | None = None
    """The same as a duration, for people."""
    no_news_after: float | None = None
    """How long a program that has started may print no line; None for any time."""
