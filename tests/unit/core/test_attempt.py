from __future__ import annotations

import pytest

from airflow_hpo.core.attempt import outweighs
from airflow_hpo.core.trial import AttemptOutcome

SEEN = [AttemptOutcome.COMPLETE, AttemptOutcome.PRUNED, AttemptOutcome.FAILED]


@pytest.mark.parametrize("seen", SEEN)
def test_what_was_seen_outweighs_what_was_missed(seen: AttemptOutcome):
    assert outweighs(seen, AttemptOutcome.RUNNING)
    assert outweighs(seen, AttemptOutcome.LOST)
    assert not outweighs(AttemptOutcome.LOST, seen)


@pytest.mark.parametrize("outcome", list(AttemptOutcome))
def test_nothing_outweighs_its_like(outcome: AttemptOutcome):
    assert not outweighs(outcome, outcome)


def test_the_first_of_two_that_saw_it_end_holds():
    assert not outweighs(AttemptOutcome.FAILED, AttemptOutcome.COMPLETE)
