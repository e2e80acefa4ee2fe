"""Importance of a study's parameters: how much of the differences between values each explains."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

FEWEST = 10
"""Complete trials below which it would be chance."""
PAUSE = timedelta(minutes=1)
"""How long at least it is not computed again while a study runs."""
GROWTH = 1.25
"""By how much more complete trials there must be then: what it is computed with takes a second or more to load."""


@dataclass(frozen=True, slots=True)
class Importance:
    """Importance as it was computed last."""

    shares: Mapping[str, float]
    """Of each parameter, the most important one first; together they are 1."""
    at: datetime
    trials: int
    """Complete trials that it was computed from."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from what :meth:`to_dict` returned."""
        shares = {str(name): float(share) for name, share in data["shares"].items()}
        return cls(shares, datetime.fromisoformat(data["at"]), int(data["trials"]))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-able data."""
        return {"shares": dict(self.shares), "at": self.at.isoformat(timespec="seconds"), "trials": self.trials}


def is_due(last: Importance | None, started: datetime, complete: int, now: datetime) -> bool:
    """Say whether the importance of a running study is worth computing now."""
    if now - (last.at if last else started) < PAUSE:
        return False
    return complete >= (last.trials * GROWTH if last else FEWEST)
