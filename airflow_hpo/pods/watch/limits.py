"""Limits of a pod's watch: how long each wait may be and how often it looks; a trigger stores them."""

import time
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
    """Seconds since 1970 at which the trial ends; only in what the version before has stored."""
    execution_timeout: float | None = None
    """How long the program may run from its start; None for any time."""
    begun: float | None = None
    """Seconds since 1970 at which the attempt began: its waits go on when another process watches."""
    log_events: bool = False
    """Whether the pod's events are written into the task's log until its program has started."""
    no_news_after: float | None = None
    """How long a program that has started may print no line; None for any time."""

    def waited(self, watched_since: float, since: float | None = None) -> float:
        """Return for how many seconds something has been waited for, since a moment or the attempt's beginning."""
        # What this process has measured itself counts in any case: clocks of two hosts may differ.
        here = time.monotonic() - watched_since
        since = self.begun if since is None else since
        return here if since is None else max(here, time.time() - since)
