"""Oddities of metrics: what was wrong with the reports of trials that have a result all the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from airflow_hpo.core.attempt import Attempt, counting
from airflow_hpo.core.trial import TrialRecord

NAMED = 10
"""Trials that the sentence about them names."""


def odd_results(records: Iterable[TrialRecord], runs: Mapping[int, Sequence[Attempt]]) -> dict[int, Sequence[str]]:
    """Return what was odd about each trial that has a result and that no other replaced, by the trial's number."""
    records = list(records)
    replaced = {record.replaces for record in records}
    named = [record.number for record in records if record.state.successful and record.number not in replaced]
    counted = {number: counting(runs.get(number, ())) for number in named}
    return {number: attempt.problems for number, attempt in counted.items() if attempt and attempt.problems}


def odd_sentence(odd: Mapping[int, Sequence[str]]) -> str:
    """Return one sentence that names the trials with odd metrics."""
    named = ", ".join(map(str, sorted(odd)[:NAMED])) + (", ..." if len(odd) > NAMED else "")
    trials = f"trial {named}" if len(odd) == 1 else f"{len(odd)} trials ({named})"
    return f"Something was odd about the metrics of {trials}: `airflow hpo trials show` says what."
