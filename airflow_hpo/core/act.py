"""Acts: what people do to a study while it runs."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from airflow_hpo.core.trial import TrialState


class ActKind(StrEnum):
    """What was done."""

    ADD = "add"
    END = "end"
    STOP = "stop"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Act:
    """One act: what, by whom, when."""

    act: ActKind
    by: str
    at: datetime
    number: int | None = None
    """The trial that it is about; None for the study."""
    details: Mapping[str, Any] | None = None
    """The parameters of a point, the reason of a stop, or what settings were and are."""

    def __str__(self) -> str:
        return f"{self.at.isoformat(timespec='seconds')} {self.by} {self._said}."

    @property
    def _said(self) -> str:
        details = self.details or {}
        if self.act is ActKind.ADD:
            return f"added the point {', '.join(f'{name}={value}' for name, value in details.items())}"
        if self.act is ActKind.END:
            return f"ended trial {self.number}"
        if self.act is ActKind.SET:
            return f"set {', '.join(f'{name} to {new} (before: {old})' for name, (old, new) in details.items())}"
        return f"stopped the study: {str(details.get('reason')).rstrip('.')}"


def state_without_result(number: int, ended: Container[int]) -> TrialState:
    """Return how a trial ends that has no result: one of those that a person ended is no failure."""
    return TrialState.PRUNED if number in ended else TrialState.FAIL
