"""Options of a pod's watch, as a trigger stores them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How a pod is watched; all times in seconds."""

    container: str
    """The container whose program is the trial."""
    metrics_container: str | None = None
    """A native sidecar that prints the metrics; None when the program's output or termination message holds them."""
    schedule_timeout: float = 3600.0
    startup_timeout: float = 900.0
    startup_check_interval: float = 5.0
    poll_interval: float = 10.0
    api_timeout: float = 600.0
    """How long the API server may be away."""
    report_interval: float = 1.0
    ending_interval: float = 2.0
    """How often to ask whether the trial has to end although it reports nothing."""
    deadline: float | None = None
    """Seconds since 1970 at which the task's execution_timeout ends the trial; None for never."""
    execution_timeout: float | None = None
    """The same as a duration, for people."""
