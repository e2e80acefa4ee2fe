"""What an attempt may take up of those before it."""

from __future__ import annotations

import pytest

from airflow_hpo.trials.attempts import last_attempt, unseen
from tests.integration.trial_tasks import Tuned


@pytest.mark.parametrize(
    ("kind", "exit_code", "taken_up"),
    [("infrastructure", 137, {1}), ("unheard", 0, set()), ("program", 3, set())],
    ids=["the cluster failed", "nothing of its output came", "the program failed"],
)
def test_what_failed_before_is_taken_up_only_when_it_may_bring_more(
    tuned: Tuned, kind: str, exit_code: int, taken_up: set[int]
) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request, kind, exit_code=exit_code, program_retries=9, retries=9)
    tuned.started(request, try_number=2)
    attempt = last_attempt(tuned.store, tuned.name, 0)
    assert attempt is not None
    assert unseen(tuned.store, attempt) == ({2}, taken_up)
