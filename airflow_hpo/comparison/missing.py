"""Results that are missing, and who failed to give them.

A program that fails where it would have done badly looks better on what is left. So results that a challenger's own program
did not give are not missing at random (Little and Rubin, 2019) and count against it, as the worst there is (Lachin, 1999).
What the infrastructure failed says nothing of a candidate and is left out for all. So is what the champion's own program
failed: to count that as a win would promote a challenger for a failure, and to leave it out only takes poor results from
the champion. A reason that is not known is not taken for the infrastructure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_hpo.core.evaluation import FAILURE, TAKEN_BACK
from airflow_hpo.exceptions import FailureKind

if TYPE_CHECKING:
    import pandas as pd

CELL = ["scenario", "variant", "replicate"]
EXCUSED = (FailureKind.INFRASTRUCTURE.value, TAKEN_BACK)

Cell = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Who failed where."""

    own: dict[str, set[str]]
    """By challenger, the scenarios in which its own program failed and the champion's did not."""
    causes: dict[str, str]
    """By scenario, why a result is missing for which no challenger is to blame."""


def missing(frame: pd.DataFrame, good: pd.Series, champion: str | None) -> Missing:
    """Say who failed where; ``good`` tells which rows have every metric."""
    keys = list(frame[["candidate", *CELL]].itertuples(index=False, name=None))
    has = {key for key, complete in zip(keys, good) if complete}
    excused = {key: kind for key, kind, complete in zip(keys, frame[FAILURE], good) if not complete and kind in EXCUSED}
    cells = dict.fromkeys(key[1:] for key in keys)
    failed = {
        name: {cell for cell in cells if (name, *cell) not in has and (name, *cell) not in excused}
        for name in set(frame["candidate"])
    }
    by_champion = failed.pop(champion, set()) if champion else set()
    causes = {key[1]: kind for key, kind in excused.items()} | {cell[0]: "champion" for cell in by_champion}
    return Missing({name: {cell[0] for cell in lacks - by_champion} for name, lacks in failed.items()}, causes)
