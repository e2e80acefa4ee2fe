"""Failures of a study by their reason: how many trials failed for it, and which ones."""

from airflow_hpo.core.budget import End
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.trial import TrialState
from airflow_hpo.pages.models.trials import Failure, Failures
from airflow_hpo.studies.attempted import attempted
from airflow_hpo.studies.store import Store

NAMED = 20
"""Trials that a reason names."""
LONGEST = 1000
"""Characters of a reason."""
UNTOLD = "unknown", "It ended without a word of its own, as a trial does that its tasks gave up."
BECAUSE_OF_FAILURES = (End.MAX_FAILURES, End.SAME_FAILURE, End.CANNOT_START)


def failures_of(store: Store, edition: Edition) -> Failures:
    """Return why trials of an edition failed that no other has replaced, the most frequent reason first."""
    records = store.optuna.records(edition.name, details=False)
    numbers = [trial.number for trial in own_trials(records) if trial.state is TrialState.FAIL]
    reasons = attempted(store, edition, records).reasons(numbers) if numbers else []
    found: dict[tuple[str, str], list[int]] = {}
    for number, reason in zip(numbers, reasons, strict=True):
        kind, _, sentence = reason.partition(": ")
        found.setdefault((kind, sentence[:LONGEST]) if reason else UNTOLD, []).append(number)
    allowed = edition.end not in BECAUSE_OF_FAILURES
    failures = [
        Failure(kind=kind, sentence=sentence, count=len(each), numbers=each[:NAMED], allowed=allowed)
        for (kind, sentence), each in sorted(found.items(), key=lambda one: (-len(one[1]), one[1][0]))
    ]
    return Failures(failures=failures)
