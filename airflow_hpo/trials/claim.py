"""Claim of the trial that a task runs: the one asked for, the one that runs it again, or none because the study has the answer."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from airflow_hpo.core.attempt import Attempt, TaskTry, counting
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.slots import Slot
from airflow_hpo.core.trial import AttemptOutcome, TrialRecord, TrialRequest, TrialResult, TrialState
from airflow_hpo.core.trial_key import first_key, is_companion, rerun_key
from airflow_hpo.core.work import Work
from airflow_hpo.storage import attempts, slots
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.simulations import open_again
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.attempts import derive, last_attempt
from airflow_hpo.trials.images import other_image

Rerun = Literal["changed", "always"]
Reruns = Rerun | Literal["failed"]
"""``"failed"`` is for who only brings results: whether something successful runs again was decided before."""
LOST = "The task was killed before this attempt had ended."


@dataclass(frozen=True, slots=True)
class Claim:
    """What a trial task has to do."""

    request: TrialRequest
    """The trial, with its parameters; of a rerun the new one."""
    record: TrialRecord
    """The trial as the study knows it."""
    work: str
    """Fingerprint of what the task runs."""
    edition: Edition
    """The study as it was then."""
    because: str | None = None
    """Why this claim made a new trial in place of a finished one; None where it made none."""
    slot: Slot | None = None
    """What it has to itself while it runs; None where nothing runs."""

    @property
    def answered(self) -> bool:
        """Whether the study has the result already and nothing needs to run."""
        return self.record.state.finished


@retried
def claim(store: Store, request: TrialRequest, work: Work, task_try: TaskTry, rerun: Reruns = "changed") -> Claim:
    """Decide which trial a task runs.

    An unfinished trial is taken up. A failed one runs again when a person has cleared its task, not when Airflow repeats a try
    that has told the failure. Another finished one answers when it was successful, the same work would be done, and no later
    pod shows that its image's tag means another image now; otherwise a new trial with the same parameters takes its place. The
    decision is the same however often it is asked.
    """
    edition = store.edition(request.study)
    record = store.optuna.latest(request.study, -1 if request.number is None else request.number)
    because = _why_again(store, request.study, record, work, task_try, rerun)
    if because:
        record = _run_again(store, request, record)
    if record.replaces is not None and not record.state.finished:
        open_again(store, request.study, record)
    slot = None if record.state.finished else _slot(store, edition, record)
    return Claim(_taken(request, record, slot), record, str(work), edition, because, slot)


def _slot(store: Store, edition: Edition, record: TrialRecord) -> Slot:
    with store.session() as session:
        return slots.take(session, edition.name, record.number, edition.study.slots)


@retried
def claim_anew(store: Store, claimed: Claim, because: str) -> Claim:
    """Return the claim of a new trial in place of a finished one of which some tasks have run again without being asked."""
    request, before = claimed.request, claimed.record
    record = _run_again(store, request, before)
    # A part of it ran with the work of before: when all of it is cleared after a change, all of it runs again.
    return replace(
        claimed, request=_taken(request, record), record=record, work=before.work or claimed.work, because=because
    )


@retried
def begin(
    store: Store,
    claimed: Claim,
    task_try: TaskTry,
    backend: str,
    placement: Placement,
    *,
    asked_here: bool = False,
) -> Attempt:
    """Record that an attempt begins; the same try of the same task is the same attempt.

    An attempt of an earlier try that never ended is recorded as lost. A trial that its own task has ``asked_here`` waited before.
    """
    name, number = claimed.request.study, claimed.record.number
    with store.session() as session:
        begun = attempts.begin(
            session,
            name,
            number,
            task_try.task,
            backend=backend,
            placement=placement,
            work=claimed.work,
            ready=_ready(claimed, asked_here),
        )
        if begun.attempt > 1:
            # In this order, as what reports holds its trial before it adds to its attempt.
            derive(store, session, begun, whole=False)
            attempts.lose_running(session, name, number, LOST, before=begun.attempt)
    return begun


def _ready(claimed: Claim, asked_here: bool) -> datetime | None:
    """Return since when a trial could have run: as early as its study, or once it was asked for.

    None where that is not known: for one that runs again, and where its study may have held it back.
    """
    edition = claimed.edition
    held_back = edition.study.max_pending is not None or is_companion(edition.name)
    if claimed.record.replaces is not None or (asked_here and held_back):
        return None
    since = edition.started if asked_here else claimed.record.started
    return max(filter(None, [since, edition.run_started]), default=None)


def continued(store: Store, claimed: Claim) -> Attempt | None:
    """Return the attempt that an earlier task of the same trial began and that still runs; None without one."""
    last = last_attempt(store, claimed.request.study, claimed.record.number)
    return last if last and last.outcome is AttemptOutcome.RUNNING else None


def result_of(study: str, record: TrialRecord, attempt: int = 0) -> TrialResult:
    """Return what a trial task returns for a trial that has finished."""
    return TrialResult(
        study=study,
        number=record.number,
        state=record.state,
        value=record.value,
        metrics=dict(record.metrics),
        params=record.params,
        attempt=attempt,
        replaces=record.replaces,
    )


def _run_again(store: Store, request: TrialRequest, record: TrialRecord) -> TrialRecord:
    key = rerun_key(first_key(request.key), record.number)
    fresh = store.optuna.rerun(request.study, record.number, key)
    return store.optuna.record(request.study, fresh.number or 0)


def _taken(request: TrialRequest, record: TrialRecord, slot: Slot | None = None) -> TrialRequest:
    """An evaluation's trial has a point of the plan's grid; what it stands for is in the request alone."""
    told = {} if request.has_own_params else {"params": record.params, "seed": record.seed}
    return request.model_copy(
        update={"key": record.key or request.key, "number": record.number, "slot": slot and slot.number, **told}
    )


def _why_again(
    store: Store, name: str, record: TrialRecord, work: Work, task_try: TaskTry, rerun: Reruns
) -> str | None:
    """Say why a finished trial does not answer, for its log; None when it does, or has not finished."""
    if not record.state.finished:
        return None
    if rerun == "failed":
        return "it failed" if record.state is TrialState.FAIL and record.invalid is None else None
    if record.invalid is not None and record.state is TrialState.FAIL:
        return "its result was taken back"
    if record.state is TrialState.FAIL:
        return None if _told_by_an_earlier_try(store, name, record, task_try) else "it failed"
    if changed := work.change_since(record.work):
        return changed
    runs = store.read(attempts.of, name, record.number)
    # The same try asks again: it has run the trial already.
    if any(run.task == task_try.task for run in runs):
        return None
    return "rerun='always' says so" if rerun == "always" else other_image(store, counting(runs))


def _told_by_an_earlier_try(store: Store, name: str, record: TrialRecord, task_try: TaskTry) -> bool:
    """Say whether a try of this very task has told the failure, and Airflow, which did not hear of it, tries again."""
    runs = store.read(attempts.of, name, record.number)
    return bool(runs) and runs[-1].outcome is AttemptOutcome.FAILED and task_try.repeats(runs[-1].task)
