"""Marks of results that a warm start took over: where, when and on which data they were measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Known:
    """The trial that measured a result which later editions know, however often it was handed on since."""

    source: str
    """The trial, such as ``f@r#7``; a window that its edition tuned on is in the name."""
    measured: datetime | None = None
    """When it ended, in UTC; None where that is not known any more."""
    data_until: datetime | None = None
    """End of the data that its edition may know; None for editions of before that was kept."""

    @classmethod
    def of(cls, source: str, stored: Mapping[str, Any]) -> Self:
        """Read the mark of a trial."""
        return cls(source, *(_moment(stored.get(name)) for name in ("measured", "data_until")))

    def to_dict(self) -> dict[str, str | None]:
        """Return what is stored apart from the source."""
        return {"measured": _text(self.measured), "data_until": _text(self.data_until)}

    def __str__(self) -> str:
        measured = f"measured {self.measured:%Y-%m-%d}" if self.measured else None
        until = f"data until {self.data_until:%Y-%m-%d}" if self.data_until else None
        said = ", ".join(filter(None, [measured, until]))
        return f"taken over from {self.source}" + (f" ({said})" if said else "")


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
