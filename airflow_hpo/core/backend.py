"""Backends: what runs an attempt of a trial."""

from __future__ import annotations

from enum import StrEnum


class Backend(StrEnum):
    """Names of the backends of this package, as attempts store them; an operator of an author's own may give another."""

    PROCESS = "process"
    FUNCTION = "function"
    GROUP = "group"
    POD = "pod"
    JOB = "job"


IN_CLUSTER = frozenset({Backend.POD, Backend.JOB})
"""Backends with attempts that wait for a node once they have begun."""
