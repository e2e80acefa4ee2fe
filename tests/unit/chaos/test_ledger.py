"""The table of faults tells what was seen, the bad before the good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos.ledger import Injection, Ledger, read
from tests.chaos.table import page

FAULT: dict[str, Any] = {"fault": "SIGKILL", "where": "told", "on": "programs", "expected": "nothing lost"}


def test_what_was_seen_is_taken_down(tmp_path: Path) -> None:
    with Ledger(tmp_path / "new" / "ledger").injection(**FAULT) as row:
        row.seen = "8 of 8 trials"
    assert read(tmp_path / "new" / "ledger") == [Injection(**FAULT, seen="8 of 8 trials", held=True)]


def test_a_broken_promise_is_taken_down_and_raised(tmp_path: Path) -> None:
    with pytest.raises(AssertionError), Ledger(tmp_path / "ledger").injection(**FAULT):
        raise AssertionError("7 of 8 trials")
    (row,) = read(tmp_path / "ledger")
    assert (row.held, row.seen) == (False, "AssertionError: 7 of 8 trials")


def test_the_same_fault_at_the_same_place_is_one_row_of_the_page() -> None:
    rows = [Injection(**FAULT, seen="fine", held=True, times=2), Injection(**FAULT, seen="fine", held=True)]
    assert "| SIGKILL | told | programs | 3 | nothing lost | fine | 3 |" in page(rows)


def test_one_that_went_wrong_shows_among_those_that_went_well() -> None:
    rows = [Injection(**FAULT, seen="fine", held=True), Injection(**FAULT, seen="lost | 1", held=False)]
    assert "| 2 | nothing lost | lost \\| 1 | 1 |" in page(rows)
    assert "2 faults, 1 of them" in page(rows)
