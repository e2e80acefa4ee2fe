"""Rules of a purge: which trials of an edition stay, and what is said of those that do not."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.feasibility import NO_LIMITS, Limits
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.progress import results_known
from airflow_hpo.core.trial import Origin, TrialRecord, TrialState
from airflow_hpo.exceptions import DeclarationError

_UNITS = {"d": timedelta(days=1), "w": timedelta(weeks=1), "h": timedelta(hours=1)}
_AGE = re.compile(r"([0-9]{1,5})([dwh])")


@dataclass(frozen=True, slots=True)
class Purge:
    """A deletion of trials of an edition."""

    by: str
    """System user and host of the process that began it."""
    archive: str
    """The file that has all trials that the edition had."""
    trials: int
    """How many it had, replaced ones included."""
    kept: Sequence[int]
    """Numbers of those that stay."""
    complete: int
    """How many were complete and counted; the same for the two below."""
    pruned: int
    failed: int
    began: datetime
    ended: datetime | None
    """When the last of them was deleted; None when that was broken off."""

    @property
    def deleted(self) -> int:
        """How many trials are deleted when it has ended."""
        return self.trials - len(self.kept)

    def __str__(self) -> str:
        what = f"{self.deleted} of its {self.trials} trials are deleted, archive {self.archive}"
        if self.ended is None:
            return f"A purge by {self.by} was begun on {_day(self.began)}, and has not ended: {what}. Run it again."
        return f"It was purged on {_day(self.ended)} by {self.by}: {what}."


def gone_for_good(edition: str, purges: Sequence[Purge]) -> str:
    """Say why no task works on an edition that was purged, and what to do."""
    return f"The trials of {edition} are not all there. {' '.join(map(str, purges))} {_afresh(edition)}"


def deleted_elsewhere(edition: str) -> str:
    """Say that another program has deleted the study of an edition, and what to do."""
    return (
        f"The trials of {edition} are not there any more: its study was deleted, as optuna-dashboard and optuna.delete_study "
        f"do. {_afresh(edition)}"
    )


def _afresh(edition: str) -> str:
    return f"To compute it afresh, run `airflow hpo studies afresh {edition}`, then clear its DAG run."


def kept_trials(
    records: Collection[TrialRecord],
    direction: Direction,
    *,
    best: int,
    named: Collection[int] = (),
    limits: Limits = NO_LIMITS,
) -> set[int]:
    """Return the numbers of the trials that stay: the best feasible ones, those that are named, and the champion's own.

    A rerun stays with the trial that it replaces, which would count again without it.
    """
    ranked = sorted(
        (t for t in limits.kept_by(results_known(records)) if t.state is TrialState.COMPLETE and t.value is not None),
        key=lambda t: ((t.value or 0.0) * (1 if direction is Direction.MINIMIZE else -1), t.number),
    )
    champions = (t.number for t in records if t.origin is Origin.CHAMPION)
    numbers = {t.number for t in records}
    return _with_reruns({*(t.number for t in ranked[:best]), *champions, *named} & numbers, records)


def _with_reruns(kept: set[int], records: Iterable[TrialRecord]) -> set[int]:
    for record in sorted(records, key=lambda t: t.number):
        if record.replaces in kept:
            kept.add(record.number)
    return kept


def age_of(text: Any) -> timedelta:
    """Read an age such as ``180d``."""
    if isinstance(text, timedelta) and text >= timedelta(0):
        return text
    found = _AGE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise DeclarationError(
            f"An age is a whole number of days, weeks or hours, such as 180d, 26w or 12h, but got {brief_repr(text)}. "
            "Write 180d."
        )
    return int(found[1]) * _UNITS[found[2]]


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
