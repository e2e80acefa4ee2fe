"""Status of a study: its progress and its budget."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from airflow_hpo.core.budget import (
    BudgetVerdict,
    End,
    cannot_start,
    may_fail_alike,
    ready_for_more,
    slots_free,
    verdict,
    verdict_on_failures,
    verdict_on_grid,
    verdict_on_start,
)
from airflow_hpo.core.edition import Edition, Span
from airflow_hpo.core.feasibility import NO_LIMITS, Limits
from airflow_hpo.core.progress import (
    NO_PACE,
    Pace,
    Progress,
    best_of,
    brief_time,
    own_trials,
    pace_of,
    progress_of,
    taken_over,
)
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.core.trial_key import is_companion, main_of
from airflow_hpo.storage import attempts
from airflow_hpo.studies.attempted import attempted, ran_as
from airflow_hpo.studies.store import Store

ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
"""Airflow task states in which the task runs no more."""


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a study."""

    edition: Edition
    progress: Progress
    verdict: BudgetVerdict
    taken_over: TrialRecord | None = None
    """The best result that was taken over from an earlier edition."""
    pace: Pace = NO_PACE
    """How fast trials finish, and how long the rest may take."""
    waiting: int = 0
    """How many unfinished trials no task runs yet, as of an evaluation, which asks for all of its trials at once."""
    until_timeout: timedelta | None = None
    """How long trials may still run before its timeout; None without one."""
    limits: Limits = NO_LIMITS
    """What feasible means in it."""

    @property
    def best(self) -> TrialRecord | None:
        """The best trial; of a grid that had nothing to measure, because all values were known, the best of those."""
        known = self.verdict.end is End.EXHAUSTED and not self.progress.finished
        return self.taken_over if known else self.progress.best

    @property
    def none_feasible(self) -> str | None:
        """That no trial is feasible although some are complete, and which is nearest to it; None otherwise."""
        least = self.progress.infeasible
        return self.limits.none_feasible(least, self.edition.study.objective.metric) if least else None

    @property
    def ended(self) -> bool:
        """Whether the study has an end, now or when it was summed up; tasks that broke off are none."""
        return self.verdict.over or self.edition.ended

    @property
    def ready(self) -> bool:
        """Whether it is time to suggest another batch."""
        return not self.edition.drained and ready_for_more(self.edition.study, self.progress, self.verdict)

    @property
    def may_start(self) -> int:
        """How many trials may be started now."""
        if self.edition.drained:
            return 0
        return min(slots_free(self.edition.study, self.progress), self.verdict.needed)

    @property
    def may_begin(self) -> bool:
        """Whether trials that were suggested need not wait: they begin, or their study is over and ends them unbegun."""
        edition = self.edition
        ends = edition.stop_reason is not None or edition.study.when_over == "stop"
        return not edition.drained or (self.verdict.over and ends)

    @property
    def done(self) -> str:
        """How much of the budget is spent, such as ``1 of 10 trials are successful``."""
        study = self.edition.study
        return f"{self.progress.counted(study.count)} of {study.wanted} trials are {study.count}"

    @property
    def running(self) -> int:
        """How many trials run, or are about to: those of which is known what they wait for do not."""
        return self.progress.running - self.waiting - self.progress.waiting_count

    @property
    def outlook(self) -> str:
        """How the study stands and how long it may take, for a log."""
        expected = {"about {} left": self.pace.left, "{} until its timeout": self.until_timeout}
        told = [] if self.verdict.over else [text.format(brief_time(time)) for text, time in expected.items() if time]
        return ", ".join([str(self), *told])

    def __str__(self) -> str:
        p = self.progress
        best = f", best {self.best.value:g} ({self.best.named})" if self.best and self.best.value is not None else ""
        running = f"{self.running} running" + (f" ({p.pending} without a place yet)" if p.pending else "")
        running += f", {self.waiting} waiting" if self.waiting else ""
        running = ", ".join([running, *p.shown_waiting])
        running += "" if p.feasible is None else f", {p.feasible} feasible"
        counts = f"{p.complete} complete, {p.pruned} pruned, {p.failed} failed, {running}"
        return f"{self.edition.name}: {counts} of {self.edition.study.wanted}{best}"


def status(store: Store, name: str) -> Status:
    """Look at a study."""
    return status_of(store, store.edition(name), store.optuna.records(name, details=False))


def status_of(store: Store, edition: Edition, records: Collection[TrialRecord]) -> Status:
    """Judge an edition by trials that have been read already."""
    study = edition.study
    tried = attempted(store, edition, records)
    direction, limits = study.objective.direction, Limits.of(study.metric_constraints, records)
    progress = progress_of(records, direction, tried.pending, tried.unbegun, tried.waits, limits)
    now = datetime.now(UTC)
    used = edition.used(now, _spans(store, edition))
    until_timeout = None if study.timeout is None else max(study.timeout - used, timedelta(0))
    if is_companion(edition.name):
        judged = status(store, main_of(edition.name)).verdict
    else:
        judged = verdict(study, progress, used, edition.stop_reason, now - edition.started - used)
    may_be_alike = judged.needed or judged.end is End.MAX_FAILURES
    if may_be_alike and progress.blamed and may_fail_alike(study, progress):
        judged = verdict_on_failures(judged, tried.reasons(_failed(records)))
    if judged.needed and progress.unbegun and cannot_start(study, progress):
        judged = verdict_on_start(progress, tried.reasons(sorted(tried.unbegun)))
    # Only when points may have run out are they worth reading.
    if judged.needed and study.sampler.name == "grid" and len(records) + judged.needed > study.points:
        judged = verdict_on_grid(judged, progress, store.optuna.points_left(edition.name, study))
    best_of_before = best_of(limits.kept_by(taken_over(records)), direction)
    pace = pace_of(records, judged.needed + progress.running, now)
    waiting = len(_unfinished(records) - tried.begun) if progress.running > study.slots else 0
    return Status(edition, progress, judged, best_of_before, pace, waiting, until_timeout, limits)


def _unfinished(records: Collection[TrialRecord]) -> set[int]:
    return {record.number for record in own_trials(records) if record.state is TrialState.RUNNING}


def _failed(records: Collection[TrialRecord]) -> list[int]:
    return [record.number for record in own_trials(records) if record.state is TrialState.FAIL]


def _spans(store: Store, edition: Edition) -> list[Span]:
    if edition.study.timeout is None or edition.looked_at is None:
        return []
    return store.read(attempts.spans, ran_as(edition), edition.looked_at)
