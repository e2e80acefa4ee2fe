"""Outcome of an attempt, whatever ran it: a function, a process or a pod."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

from airflow_hpo.core.masking import cut, masked
from airflow_hpo.core.metrics.measurement import SHOWN_LENGTH, SHOWN_LINES, Measurement
from airflow_hpo.core.phases import NONE_KNOWN, Moments
from airflow_hpo.core.placement import UNKNOWN, Placement
from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.exceptions import FailureKind, TrialFailedError

TAIL_LINES = 50
"""Last lines of its log that an outcome keeps."""


def last_lines(tail: Sequence[str]) -> str:
    """Return a sentence with the last lines of a log, for the end of a reason."""
    shown = " | ".join(cut(line, SHOWN_LENGTH) for line in list(tail)[-SHOWN_LINES:])
    return f" Its last lines: {shown}" if tail else " It printed nothing."


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended."""

    state: AttemptOutcome
    """``complete``, ``pruned`` or ``failed``."""
    measurement: Measurement | None = None
    """Its metrics; None when it reported none. Of a pruned or failed one, what it had reported until then."""
    reason: str | None = None
    """Why it failed, or why it was pruned, one sentence; None when the pruner did and has not said why, or nothing needs saying."""
    kind: FailureKind | None = None
    """Who is to blame for a failure; None for every other end."""
    exit_code: int | None = None
    """Of the program; None when a signal ended it, or nothing is known."""
    tail: Sequence[str] = ()
    """The last lines of its log, oldest first."""
    oddities: Sequence[str] = ()
    """What was odd about its reports, where no measurement says it."""
    placement: Placement = UNKNOWN
    """What its end adds to what is known about where it ran."""
    over: bool = False
    """Whether its pod has ended by itself, so that the pod may be kept."""
    lasting: bool = False
    """Whether only a person can mend it, so that no further attempt is made."""
    waits_for: str | None = None
    """Of one whose program never ran: what it waited for to its end."""
    moments: Moments = NONE_KNOWN
    """When it came from one phase into the next."""
    alive: bool = False
    """Whether its pod may be well and only could not be watched, or read to its end: the next try takes it up."""

    def __post_init__(self) -> None:
        """Mask what programs and clusters say: all of it passes here on its way to the study, to logs, events and errors."""
        set_ = partial(object.__setattr__, self)
        set_("reason", self.reason and masked(self.reason))
        set_("waits_for", self.waits_for and masked(self.waits_for))
        set_("tail", tuple(map(masked, self.tail)))
        set_("oddities", tuple(map(masked, self.oddities)))
        if self.measurement and self.measurement.problems:
            said = tuple(map(masked, self.measurement.problems))
            set_("measurement", replace(self.measurement, problems=said))

    @classmethod
    def complete(cls, measurement: Measurement, **more: Any) -> Self:
        """Return that of a success."""
        return cls(AttemptOutcome.COMPLETE, measurement, **more)

    @classmethod
    def pruned(cls, measurement: Measurement | None = None, reason: str | None = None, **more: Any) -> Self:
        """Return that of an attempt that the pruner gave up, or its study for a reason."""
        return cls(AttemptOutcome.PRUNED, measurement, reason, **more)

    @classmethod
    def failed(cls, reason: str, kind: FailureKind = FailureKind.PROGRAM, **more: Any) -> Self:
        """Return that of a failure."""
        return cls(AttemptOutcome.FAILED, reason=reason, kind=kind, **more)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from what :meth:`to_dict` returned, in this version or the one before."""
        state, value = AttemptOutcome(data["state"]), data.get("value")
        problems = tuple(data.get("problems") or ())
        return cls(
            state,
            None if value is None else Measurement(value, dict(data.get("metrics") or {}), problems),
            reason=data.get("reason") or None,
            # Before, every outcome had a kind, which meant something only for a failure.
            kind=FailureKind(data.get("kind") or FailureKind.PROGRAM) if state is AttemptOutcome.FAILED else None,
            exit_code=data.get("exit_code"),
            tail=tuple(data.get("tail") or ()),
            oddities=problems if value is None else (),
            placement=Placement.from_dict(data.get("place") or {}),
            over=bool(data.get("over")),
            alive=bool(data.get("alive")),
            lasting=bool(data.get("lasting")),
            waits_for=data.get("waits_for"),
            moments=Moments.from_dict(data.get("moments") or {}),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        measured = self.measurement
        return {
            "state": self.state.value,
            "reason": self.reason or "",
            "kind": self.kind.value if self.kind else None,
            "exit_code": self.exit_code,
            "value": measured.value if measured else None,
            "metrics": dict(measured.metrics) if measured else {},
            "problems": list(self.problems),
            "tail": list(self.tail),
            "place": self.placement.to_dict(),
            "over": self.over,
            "alive": self.alive,
            "lasting": self.lasting,
            "waits_for": self.waits_for,
            "moments": self.moments.to_dict(),
        }

    @property
    def value(self) -> float | None:
        """The objective; None when none was reported."""
        return self.measurement.value if self.measurement else None

    @property
    def problems(self) -> Sequence[str]:
        """What was odd about its reports, a short sentence each."""
        return self.measurement.problems if self.measurement else self.oddities

    def given_up(self, verdict: str | None) -> bool:
        """Say whether it is the pruner, with this verdict, that ended it."""
        return bool(verdict) and self.state is AttemptOutcome.PRUNED and self.reason is None

    def explained(self, verdict: str | None) -> Self:
        """Return it with the pruner's verdict as its reason, if that ended it."""
        return replace(self, reason=f"It was {verdict}.") if self.given_up(verdict) else self

    def check(self) -> None:
        """Do nothing unless the attempt failed."""
        if self.state is AttemptOutcome.FAILED:
            raise TrialFailedError(self.reason or "", kind=self.kind or FailureKind.PROGRAM)
