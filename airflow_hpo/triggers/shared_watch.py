"""Watch on a study that the triggers of one process share: many trials wait for the same study at once.

In a study of trials with seven simulations each, dozens of tasks wait for room. Each look reads the study, and Airflow answers for the
states of tasks with every task of the DAG run, so looks of their own would cost more than the trials.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.studies.status import Status
from airflow_hpo.trials.places import Key, Places

T = TypeVar("T")

# A triggerer lives for months: what no trigger holds any more is forgotten, and equals what is made in its stead.
_watches: WeakValueDictionary[tuple[Any, ...], SharedWatch] = WeakValueDictionary()


class SharedWatch:
    """Looks at a study on behalf of all that wait for it, who see how it stood a moment ago."""

    def __init__(self, watch: StudyWatch) -> None:
        self.store = watch.store
        self._watch = watch
        self._lock = Lock()
        self._status: tuple[float, Status] | None = None
        self._asked: tuple[float, frozenset[str]] | None = None
        self._places: dict[int, tuple[float, Places]] = {}

    @classmethod
    def of(cls, watch: StudyWatch) -> SharedWatch:
        """Return the one that this process has for the same study of the same database, or make it."""
        key = watch.store.database, watch.edition, watch.dag_id, watch.run_id, watch.trial_task_id
        return _watches.setdefault(key, cls(watch))

    def look(self, kept: float) -> Status:
        """Return how the study stands, or stood at most ``kept`` seconds ago."""
        with self._lock:
            self._status = _fresh(self._status, kept, self._watch.look)
            return self._status[1]

    def asked(self, kept: float) -> frozenset[str]:
        """Return the keys of the trials that were asked for, now or at most ``kept`` seconds ago."""
        with self._lock:
            self._asked = _fresh(self._asked, kept, lambda: self.store.optuna.keys(self._watch.edition))
            return self._asked[1]

    def pause(self, mine: Key, kept: float) -> float | None:
        """Return for how long a task leaves its place, as of at most ``kept`` seconds ago; None while it keeps it."""
        with self._lock:
            batch = mine[0]
            self._places[batch] = _fresh(self._places.get(batch), kept, lambda: self._watch.places(batch))
            return self._places[batch][1].pause(mine)


def _fresh(known: tuple[float, T] | None, kept: float, read: Callable[[], T]) -> tuple[float, T]:
    """Return what is known since when, read again when it is older than that."""
    now = time.monotonic()
    return known if known and now - known[0] < kept else (now, read())
