"""Looks at a study that all triggers of a process share."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field

import pytest

from airflow_hpo.exceptions import StoreUnavailableError
from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.status import Status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.places import Places
from airflow_hpo.triggers import shared_watch
from airflow_hpo.triggers.shared_watch import SharedWatch
from tests.integration.trial_tasks import Tuned, declared

LONG, NONE = 3600.0, 0.0


@dataclass
class Counting(StudyWatch):
    """Counts what it reads; as often as it is told to, the database is away."""

    looks: int = field(default=0, init=False)
    asked: list[int] = field(default_factory=list, init=False)
    away: int = field(default=0, init=False)

    def look(self) -> Status:
        """Count, then look."""
        self.looks += 1
        if self.away:
            self.away -= 1
            raise StoreUnavailableError("The study database is away.")
        return super().look()

    def places(self, batch: int) -> Places:
        """Count, and say that the first task needs the place of the third."""
        self.asked.append(batch)
        return Places({(1, 0)}, {(1, 1), (1, 2)}, {(1, 1), (1, 2)})


@pytest.fixture
def watch(store: Store) -> Counting:
    """A watch on an open study."""
    return Counting(store, Tuned(store, declared()).name, "monthly", "A")


def test_those_who_wait_for_one_study_share_a_look_and_see_it_again_when_it_is_old(watch: Counting) -> None:
    first, second = SharedWatch.of(watch), SharedWatch.of(Counting(watch.store, watch.edition, "monthly", "A"))
    assert first is second
    assert first.look(LONG) is second.look(LONG)
    assert watch.looks == 1
    assert first.look(NONE) is second.look(LONG)
    assert watch.looks == 2


def test_another_study_run_or_database_is_looked_at_by_itself(watch: Counting, store: Store) -> None:
    shared = SharedWatch.of(watch)
    others = [
        Counting(store, watch.edition, "monthly", "B"),
        Counting(store, f"{watch.edition}2", "monthly", "A"),
        Counting(Store(Database.sqlite("elsewhere.db")), watch.edition, "monthly", "A"),
    ]
    assert [SharedWatch.of(other) is shared for other in others] == [False] * 3


def test_a_look_that_failed_is_not_kept(watch: Counting) -> None:
    watch.away, shared = 1, SharedWatch.of(watch)
    with pytest.raises(StoreUnavailableError):
        shared.look(LONG)
    assert shared.look(LONG).progress.running == 0


def test_which_trials_were_asked_for_is_read_once_for_all_that_wait(store: Store) -> None:
    tuned = Tuned(store, declared())
    shared = SharedWatch.of(Counting(store, tuned.name, "monthly", "A"))
    assert shared.asked(LONG) == frozenset()
    requests = tuned.suggest()
    assert shared.asked(LONG) == frozenset()
    assert shared.asked(NONE) == {request.key for request in requests}


def test_who_gives_way_is_asked_once_for_all_tasks_of_a_batch(watch: Counting) -> None:
    shared = SharedWatch.of(watch)
    assert [shared.pause((1, index), LONG) for index in (1, 2)] == [None, 10.0]
    assert shared.pause((2, 0), LONG) == 10.0
    assert watch.asked == [1, 2]


def test_a_study_that_nothing_waits_for_is_forgotten(watch: Counting) -> None:
    held = SharedWatch.of(watch)
    key = next(key for key in shared_watch._watches if key[1] == watch.edition)
    del held
    gc.collect()
    assert key not in shared_watch._watches
