"""Phases of an attempt, from the wait for its task to the moment at which its study knows its end, and their seconds."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class Phase(StrEnum):
    """What an attempt spends its time with, in this order, as it is stored."""

    POOL = "pool"
    """Until its task runs: Airflow's scheduler, a pool, the queue of the executor."""
    CREATION = "creation"
    """Until Kubernetes has taken its pod, which a quota may refuse for a while."""
    SCHEDULING = "scheduling"
    """Until its pod has a node."""
    PULL = "image pull"
    START = "start"
    """Until its program runs: volumes, init containers, and pulls of images that took a moment."""
    RUNNING = "running"
    TELLING = "telling"
    """Until the study knows its end: the last lines of its log, Airflow, the database."""


Seconds = Mapping[Phase, float]
"""What is known of an attempt; a phase that is missing is not known, or there was none."""


@dataclass(frozen=True, slots=True)
class Moments:
    """When an attempt came from one phase into the next, as Kubernetes says it; None for what is not known."""

    created: datetime | None = None
    scheduled: datetime | None = None
    started: datetime | None = None
    """When its program began to run."""
    ended: datetime | None = None
    """When its program had ended."""
    pulled: float = 0.0
    """For how many seconds of its start images were pulled, where that took worth asking."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from what :meth:`to_dict` returned."""
        times = {name: datetime.fromisoformat(data[name]) for name in _MARKS if data.get(name)}
        return cls(**times, pulled=data.get("pulled") or 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return what is known, as plain JSON-able data."""
        known = {name: at for name, at in asdict(self).items() if at}
        return {name: at.isoformat() if isinstance(at, datetime) else at for name, at in known.items()}


NONE_KNOWN = Moments()
_MARKS = {
    "created": Phase.CREATION,
    "scheduled": Phase.SCHEDULING,
    "started": Phase.START,
    "ended": Phase.RUNNING,
}
"""Which phase a moment ends."""


def seconds_between(begun: datetime, moments: Moments, told: datetime) -> dict[Phase, float]:
    """Return the seconds of each phase of an attempt that has begun and of which the end was told.

    Moments are of several clocks: none counts before the one that precedes it, so that the phases add up to the whole. What
    follows the last moment that is known is the phase in which the attempt ended.
    """
    found = seconds_over(begun, moments)
    rest = max(0.0, (told - begun).total_seconds() - sum(found.values()))
    return {**found, _following(moments): round(rest, 3)}


def seconds_over(begun: datetime, moments: Moments) -> dict[Phase, float]:
    """Return the seconds of those phases of an attempt that are over."""
    found = dict(_until_moments(begun, moments))
    if pulled := min(moments.pulled, found.get(Phase.START, 0.0)):
        found |= {Phase.PULL: pulled, Phase.START: found[Phase.START] - pulled}
    return {phase: round(found[phase], 3) for phase in Phase if phase in found}


def _until_moments(begun: datetime, moments: Moments) -> Iterator[tuple[Phase, float]]:
    at = begun
    for name, phase in _MARKS.items():
        if moment := getattr(moments, name):
            yield phase, max(0.0, (moment - at).total_seconds())
            at = max(at, moment)


def _following(moments: Moments) -> Phase:
    """Return the phase after the last moment that is known."""
    ended = [phase for name, phase in _MARKS.items() if getattr(moments, name)]
    if not ended:
        return Phase.CREATION
    return {Phase.CREATION: Phase.SCHEDULING, Phase.SCHEDULING: Phase.START, Phase.START: Phase.RUNNING}.get(
        ended[-1], Phase.TELLING
    )


def stored_seconds(data: Any) -> dict[Phase, float] | None:
    """Return the seconds that are stored of an attempt; None where they were not kept, which is not the same as none."""
    if not isinstance(data, Mapping):
        return None
    known = {phase: data[phase.value] for phase in Phase if phase.value in data}
    return {phase: float(value) for phase, value in known.items() if _counts(value)}


def _counts(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0
