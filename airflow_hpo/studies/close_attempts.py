"""Attempts that nobody saw end, although their trial has a result."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRecord, TrialState
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store

OUTCOMES = {TrialState.COMPLETE: AttemptOutcome.COMPLETE, TrialState.PRUNED: AttemptOutcome.PRUNED}
REASON = "The task was killed after the study had been told."


def close_attempts(store: Store, name: str, records: Iterable[TrialRecord]) -> None:
    """End the running attempts of finished trials: their task was killed between two writes."""
    finished = {record.number: record.state for record in records if record.state.finished}
    with store.session(read_only=True) as session:
        if not any(attempt.number in finished for attempt in attempts.running(session, name)):
            return
    with store.session() as session:
        for attempt in attempts.running(session, name):
            if state := finished.get(attempt.number):
                outcome = OUTCOMES.get(state, AttemptOutcome.LOST)
                kind = FailureKind.KILLED if outcome is AttemptOutcome.LOST else None
                attempts.finish(session, name, attempt.number, attempt.attempt, outcome, kind=kind, reason=REASON)
