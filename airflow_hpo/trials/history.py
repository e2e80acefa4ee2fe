"""The history of a trial: what went before an attempt, in sentences for its log."""

from __future__ import annotations

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.storage import attempts
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.why import ended_sentence, last_words


@retried
def history(store: Store, name: str, record: TrialRecord, attempt: Attempt) -> list[str]:
    """Return what went before an attempt, one sentence each; costs nothing where nothing did."""
    lines = []
    if record.replaces is not None:
        last = last_words(_of(store, name, record.replaces))
        lines.append(f"It runs trial {record.replaces} again. {last}".rstrip())
    if attempt.attempt > 1:
        lines += [ended_sentence(run) for run in _of(store, name, record.number) if run.attempt < attempt.attempt]
    return lines


def _of(store: Store, name: str, number: int) -> list[Attempt]:
    with store.session(read_only=True) as session:
        return attempts.of(session, name, number)
