"""How a trial's pod ended, in a form that travels from the triggerer to a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import TrialFailedError

State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True, slots=True)
class PodOutcome:
    """The end of a pod as the one who watched it saw it."""

    state: State
    reason: str = ""
    """Why it failed, one sentence; empty unless it did."""
    kind: str = FailureKind.PROGRAM.value
    """Who is to blame for a failure."""
    exit_code: int | None = None
    value: float | None = None
    """The objective; None when there is none (yet)."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    problems: Sequence[str] = ()
    tail: Sequence[str] = ()
    """The last lines of its log, oldest first."""
    place: Mapping[str, Any] = field(default_factory=dict)
    """Node and image, as far as they are known."""
    over: bool = False
    """Whether the pod has ended by itself, so that it may be kept."""
    alive: bool = False
    """Whether the pod may be well and only could not be watched, or read to its end: the next try takes it up."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from what :meth:`to_dict` returned."""
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return {**asdict(self), "problems": list(self.problems), "tail": list(self.tail)}

    @property
    def measurement(self) -> Measurement | None:
        """The metrics; None when it has reported none."""
        return None if self.value is None else Measurement(self.value, self.metrics, tuple(self.problems))

    def check(self) -> None:
        """Do nothing unless the attempt failed."""
        if self.state == "failed":
            raise TrialFailedError(self.reason, kind=self.kind)
