"""Places under Airflow's limits on tasks: who needs one, and who gives its own way.

A trial task that waits for its study in the triggerer counts as active: against the task's own limit, and in a pool that counts
deferred tasks. The study waits for trials that are under way, and these may need that very place: for the next try, or to
resume. So a task that waits leaves its place, for a while, to one that has a trial and is scheduled.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from airflow_hpo.studies.status import ENDED

Key = tuple[int, int]
"""Batch and index of a trial task."""

TURN = 10.0
"""Seconds for which a task leaves its place. Airflow starts those of low index first, so each that comes before the one in need
adds as much: they would take the place in turns."""
_AT_WORK = {*ENDED, "running", "queued"}


@dataclass(frozen=True, slots=True)
class Places:
    """The trial tasks of one DAG run that need a place, and those that wait for the study."""

    needy: Collection[Key]
    """They have a trial that may run, and Airflow has scheduled but not queued them."""
    waiting: Collection[Key]
    """They have none yet, or one that is held back."""
    deferred: Collection[Key]
    """Those of the waiting that hold a place."""

    @classmethod
    def of(cls, states: Mapping[Key, str | None], with_trial: Collection[Key]) -> Self:
        """Sort tasks by Airflow's states and by who has a trial that may run."""
        waiting = {key for key, state in states.items() if key not in with_trial and state not in _AT_WORK}
        return cls(
            {key for key, state in states.items() if key in with_trial and state == "scheduled"},
            waiting,
            {key for key in waiting if states[key] == "deferred"},
        )

    def pause(self, mine: Key) -> float | None:
        """Return for how many seconds a task that waits leaves its place; None while it keeps it.

        As many give way as are in need, the last ones first.
        """
        last = sorted({*self.deferred, mine}, reverse=True)[: len(self.needy)]
        if mine not in last:
            return None
        return TURN * (1 + sum(key < max(self.needy) for key in self.waiting))
