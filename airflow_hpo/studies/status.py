"""How a study stands: its progress, its budget, and the trials that nobody runs any more."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from airflow_hpo.core.attempt import placed
from airflow_hpo.core.budget import Verdict, ready_for_more, slots_free, verdict
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.progress import Progress, progress_of
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRecord, TrialState
from airflow_hpo.storage import attempts
from airflow_hpo.tuning.store import Store

_KEY = re.compile(r"([0-9]+)/([0-9]+)(#|\Z)")

ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
"""Airflow task states in which nobody runs the task any more."""


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a study."""

    edition: Edition
    progress: Progress
    verdict: Verdict

    @property
    def ready(self) -> bool:
        """Whether it is time to suggest another batch."""
        return ready_for_more(self.edition.study, self.progress, self.verdict)

    @property
    def may_start(self) -> int:
        """How many trials may be started now."""
        return min(slots_free(self.edition.study, self.progress), self.verdict.needed)

    def __str__(self) -> str:
        p = self.progress
        best = f", best {p.best.value:g} (trial {p.best.number})" if p.best and p.best.value is not None else ""
        running = f"{p.running} running" + (f" ({p.pending} without a place yet)" if p.pending else "")
        counts = f"{p.complete} complete, {p.pruned} pruned, {p.failed} failed, {running}"
        return f"{self.edition.name}: {counts} of {self.edition.study.wanted}{best}"


def status(store: Store, name: str) -> Status:
    """Look at a study.

    :param store: the study database.
    :param name: the edition.
    """
    return status_of(store, store.edition(name), store.optuna.records(name, details=False))


def status_of(store: Store, edition: Edition, records: Collection[TrialRecord]) -> Status:
    """Judge an edition by trials that have been read already.

    :param store: the study database, which is asked for places only where the study declares ``max_pending``.
    :param edition: the edition.
    :param records: its trials.
    """
    study = edition.study
    progress = progress_of(records, study.objective.direction, _placed(store, edition.name, study))
    judged = verdict(study, progress, datetime.now(UTC) - edition.started, edition.stop_reason)
    return Status(edition, progress, judged)


def _placed(store: Store, name: str, study: Study) -> set[int] | None:
    if study.max_pending is None:
        return None
    with store.session(read_only=True) as session:
        return placed(attempts.running(session, name))


def owner(key: str) -> tuple[int, int]:
    """Return batch and index of the task that runs a trial; -1 for both when the key names none.

    :param key: a trial's key, such as ``002/3`` or, for a rerun, ``002/3#1``.
    """
    named = _KEY.match(key)
    return (int(named[1]), int(named[2])) if named else (-1, -1)


def abandoned(records: Collection[TrialRecord], states: Mapping[tuple[int, int], str | None]) -> list[int]:
    """Return the numbers of running trials whose task has ended without telling the study.

    :param records: the trials; a second look at both is due before anything is given up.
    :param states: Airflow's state of the task of each batch and index.
    """
    running = [r for r in records if r.state is TrialState.RUNNING and r.key is not None]
    return [r.number for r in running if r.key and states.get(owner(r.key)) in ENDED]


def reap(store: Store, name: str, numbers: Collection[int]) -> None:
    """Give up trials whose task has ended without telling the study: killed for good, or marked by a person.

    :param store: the study database.
    :param name: the edition.
    :param numbers: what :func:`abandoned` found twice in a row.
    """
    reason = "The task ended without a result: it was killed, timed out or marked by a person."
    for number in numbers:
        with store.session() as session:
            store.optuna.tell(name, number, TrialState.FAIL, within=session.connection())
            for attempt in attempts.of(session, name, number):
                attempts.finish(
                    session, name, number, attempt.attempt, AttemptOutcome.LOST, kind=FailureKind.KILLED, reason=reason
                )
