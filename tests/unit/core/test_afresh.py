from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_hpo.core.afresh import UNKNOWN, RunFacts, answered_from
from airflow_hpo.core.trial import Origin, TrialRecord, TrialState
from airflow_hpo.exceptions import DeclarationError

MARCH = datetime(2026, 3, 3, 8, tzinfo=UTC)


def test_what_a_context_lacks_is_not_known() -> None:
    assert RunFacts.of(None) == RunFacts.of(SimpleNamespace(run_after=MARCH)) == UNKNOWN


@pytest.mark.parametrize("conf", [None, {}, {"hpo": None}, {"hpo": {"mine": 1}}, {"other": "afresh"}])
def test_a_conf_without_the_word_asks_for_nothing(conf: Any) -> None:
    assert not RunFacts.of(SimpleNamespace(conf=conf)).afresh


@pytest.mark.parametrize("word", ["Afresh", "fresh", "", True, ["afresh"]])
def test_a_misspelt_word_is_refused_with_the_right_one(word: Any) -> None:
    with pytest.raises(DeclarationError, match='is "afresh", but got'):
        RunFacts.of(SimpleNamespace(conf={"hpo": word}))


def ended(number: int, day: int, state: TrialState = TrialState.COMPLETE) -> TrialRecord:
    return TrialRecord(number, state, {}, origin=Origin.SAMPLER, finished=MARCH.replace(day=day))


def test_results_of_several_days_are_told_by_the_first_and_the_last() -> None:
    own = [ended(0, 4), ended(1, 3), ended(2, 9), ended(3, 20)]
    said = "Answered from results of 3 March 2026 to 9 March 2026, 1 of 4 trials run."
    assert answered_from(own, MARCH.replace(day=12)) == said


def test_trials_without_a_result_answer_nothing() -> None:
    own = [ended(0, 3, TrialState.FAIL), ended(1, 20)]
    assert answered_from(own, MARCH.replace(day=12)) is None


def test_without_a_start_of_the_run_nothing_is_said() -> None:
    assert answered_from([ended(0, 3)], None) is None
