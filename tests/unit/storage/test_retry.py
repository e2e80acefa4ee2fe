"""Waiting for a database that is away: only as long as was said, only for that, and not twice over."""

from __future__ import annotations

import pytest

from airflow_hpo.exceptions import StoreNotMigratedError, StoreRevisionError, StoreUnavailableError, StudyLockedError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store

SOMEWHERE = Database.of("postgresql://127.0.0.1:1/studies")


class Work:
    """Fails so many times, then succeeds."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or StoreUnavailableError("It is away.")
        self.patience: list[float] = []

    def __call__(self, store: Store) -> str:
        self.patience.append(store.patience)
        if len(self.patience) <= self.failures:
            raise self.error
        return "done"


def test_a_database_that_comes_back_is_waited_for() -> None:
    work = Work(2)
    assert retried(lambda store: work(store))(Store(SOMEWHERE, patience=30)) == "done"
    assert len(work.patience) == 3


def test_without_patience_the_first_error_counts() -> None:
    work = Work(1)
    with pytest.raises(StoreUnavailableError, match=r"^It is away\.$"):
        retried(lambda store: work(store))(Store(SOMEWHERE))
    assert len(work.patience) == 1


def test_giving_up_says_how_long_it_was_tried_and_which_option_says_so() -> None:
    with pytest.raises(
        StoreUnavailableError, match=r"^It is away\. It was tried for 0\.2 s \(\[hpo\] database_patience\)"
    ):
        retried(lambda store: Work(99)(store))(Store(SOMEWHERE, patience=0.2))


@pytest.mark.parametrize("error", [StoreNotMigratedError("No tables."), StudyLockedError("Held."), ValueError("x")])
def test_what_waiting_does_not_mend_is_raised_at_once(error: Exception) -> None:
    work = Work(1, error)
    with pytest.raises(type(error)):
        retried(lambda store: work(store))(Store(SOMEWHERE, patience=30))
    assert len(work.patience) == 1


def test_what_is_called_meanwhile_does_not_wait_as_long_again() -> None:
    work = Work(1)
    retried(lambda store: work(store))(Store(SOMEWHERE, patience=30))
    assert work.patience == [0, 0]


def test_an_upgrade_is_waited_for_with_one_line_that_says_so(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(3, StoreRevisionError("It is older.", "0004", "0005"))
    assert retried(lambda store: work(store))(Store(SOMEWHERE, patience=30)) == "done"
    assert [record.getMessage() for record in caplog.records] == [
        "The tables have revision 0004, this version needs 0005: waiting up to 30 s for the upgrade."
    ]
