"""One run of a study family, as the store keeps it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow_hpo.core.budget import End
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.settings import differences, shown_setting
from airflow_hpo.core.study import Study

LONGEST_GAP = timedelta(minutes=2)
"""What counts at most of an attempt that runs, between two looks: longer gaps may be outages, in which attempts stand."""
Span = tuple[datetime, datetime | None]
"""When an attempt began, and when it ended; None while it runs."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A study of one DAG run: its declaration and how it stands."""

    name: str
    """``family@run``, with ``~2`` and so on for later generations; also the name of the Optuna study."""
    family: str
    run: str
    declaration: Mapping[str, Any]
    """The study as it was declared last, as plain data: older versions of this package may have written it."""
    created: datetime
    started: datetime
    """When it was opened last after being finished, else when it was created: timeouts count from here."""
    finished: datetime | None = None
    end: End | None = None
    """Why it is over; None while it goes on."""
    reason: str | None = None
    best_number: int | None = None
    best_value: float | None = None
    stop_reason: str | None = None
    """Why a person stopped it; None when it was not."""
    dag_id: str | None = None
    run_id: str | None = None
    group_id: str | None = None
    text_values: bool = True
    """Whether templates spell values as in ``HPO_PARAM_*``; not in editions of before, whose programs read ``True``."""
    worked_seconds: float | None = None
    """Seconds in which its attempts ran, until ``looked_at``; None: its timeout counts from the start, as it did before."""
    looked_at: datetime | None = None
    timezone: str = "UTC"
    """Name of the time zone that the days of its windows are of."""
    generation: int = 1
    """Which computation of the same ``run`` it is; the newest one is the one that counts."""
    clear_number: int | None = None
    """Of the DAG run when it opened the edition last; None for editions of before, as for the two that follow."""
    run_started: datetime | None = None
    run_type: str | None = None
    afresh: str | None = None
    """Why this generation was computed afresh; None for the first one."""
    afresh_wanted: str | None = None
    """Who wants another generation from the next start, one sentence; None when no person does."""
    data_until: datetime | None = None
    """End of the data that its trials may know: what its windows are relative to, of several DAG runs the latest."""
    purged_at: datetime | None = None
    """Since when trials of it are deleted; None while all are there."""
    drained_at: datetime | None = None
    """Since when it starts nothing new, such as before an upgrade; None while it does."""
    drained_by: str | None = None
    layout: Layout | None = None
    """For how many trials its tasks were laid out; None where several groups share it, and in editions of before."""
    rule_trouble: str | None = None
    """Why its stop rule gave no answer the last time; None when it did, and without one."""
    declared: Mapping[str, Any] | None = None
    """The study as its file declares it, where a person has changed it since; None where ``declaration`` is that."""

    @property
    def dag_run(self) -> DagRunKey | None:
        """The DAG run that opened it last; None when no task did."""
        return DagRunKey(self.dag_id, self.run_id) if self.dag_id and self.run_id else None

    @property
    def ended(self) -> bool:
        """Whether it came to an end of its budget, or was stopped; not when its tasks broke off."""
        return self.end not in (None, End.INCOMPLETE)

    @property
    def drained(self) -> str | None:
        """That it starts nothing new for a while, one sentence; None when it goes on, or has ended."""
        if self.drained_at is None or self.finished is not None:
            return None
        since = self.drained_at.isoformat(timespec="seconds")
        return (
            f"It is drained since {since} by {self.drained_by}: nothing new starts until "
            f"`airflow hpo studies drain {self.name} --cancel`."
        )

    def used(self, now: datetime, spans: Iterable[Span]) -> timedelta:
        """Return how much of its timeout is used up: the time in which attempts ran, of those without an end at the last look."""
        if self.looked_at is None or self.worked_seconds is None:
            return now - self.started
        used, until = timedelta(seconds=self.worked_seconds), self.looked_at
        for start, end in sorted(spans, key=lambda span: span[0]):
            end = min(now, max(start, self.looked_at) + LONGEST_GAP if end is None else end)
            used += max(end - max(start, until), timedelta(0))
            until = max(until, end)
        return used

    @property
    def study(self) -> Study:
        """The declaration itself."""
        return Study.from_dict(dict(self.declaration))

    @property
    def file_study(self) -> Study:
        """The study as its file declares it."""
        return self.study if self.declared is None else Study.from_dict(dict(self.declared))

    @property
    def differs(self) -> str | None:
        """In what this run differs from its file, one sentence; None where it does not."""
        found = differences(self.file_study, self.study)
        said = [f"{name} is {shown_setting(new)} instead of {shown_setting(old)}" for name, (old, new) in found.items()]
        return f"This run differs from its file: {', '.join(said)}." if said else None


def search_differences(stored: Mapping[str, Mapping[str, Any]], declared: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what differs between two searches, one sentence each; both are what :attr:`Study.search` returns."""
    return [
        f"{kind} {name!r} was {_shown(old, name)} and is now {_shown(new, name)}"
        for part, kind in (("space", "parameter"), ("objective", "objective's"))
        for old, new in [(stored[part], declared[part])]
        for name in [*old, *(name for name in new if name not in old)]
        if old.get(name) != new.get(name)
    ]


def _shown(declared: Mapping[str, Any], name: str) -> str:
    return json.dumps(declared[name]) if name in declared else "absent"
