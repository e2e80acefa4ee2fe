"""Progress of a study: counts of its trials, the best of them, their pace and the time that is left."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from airflow_hpo.core.feasibility import NO_LIMITS, Limits
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.trial import Origin, TrialRecord, TrialState
from airflow_hpo.core.waiting import counted


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts and the best trial.

    Replaced trials, results taken over from earlier editions, and results that were taken back do not count; what was taken over
    may be the best all the same.
    """

    complete: int
    pruned: int
    failed: int
    running: int
    best: TrialRecord | None
    since_best: int
    """How many successful trials have finished after the best one did."""
    pending: int = 0
    """How many of the running trials, or of their simulations, wait for a node; 0 where it was not looked up."""

    unbegun: int = 0
    """How many of the failed trials the cluster never let begin; 0 where it was not looked up."""
    waiting: str = ""
    """How many of the running trials are known to wait for what, their programs not having started; empty without any."""
    waiting_count: int = 0
    feasible: int | None = None
    """How many of the successful trials keep the constraints on metrics; None without any such constraint."""
    infeasible: TrialRecord | None = None
    """The least infeasible trial, where complete trials are and none is feasible; None otherwise."""

    @property
    def successful(self) -> int:
        """Complete and pruned trials."""
        return self.complete + self.pruned

    @property
    def blamed(self) -> int:
        """Failed trials that count towards ``max_failures``: those that the cluster never let begin do not."""
        return self.failed - self.unbegun

    @property
    def shown_waiting(self) -> list[str]:
        """How many trials wait and for what, for a list of counts; empty without any."""
        return [f"{self.waiting_count} waiting ({self.waiting})"] if self.waiting else []

    @property
    def finished(self) -> int:
        """Trials that will not change any more."""
        return self.successful + self.failed

    def counted(self, count: str) -> int:
        """Return how many trials count towards the budget."""
        return self.successful if count == "successful" else self.finished


def own_trials(trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Return the trials of this edition that were neither replaced nor taken back, by number."""
    trials = sorted(trials, key=lambda trial: trial.number)
    replaced = {trial.replaces for trial in trials if trial.replaces is not None}
    return [t for t in trials if t.number not in replaced and not _taken_over(t) and t.invalid is None]


def results_known(trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Return the trials that may be the best: those of this edition, after the results that it took over."""
    trials = list(trials)
    return [*(trial for trial in taken_over(trials) if trial.known), *own_trials(trials)]


def taken_over(trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Return the results of earlier editions that stand for trials of this one, by number."""
    found = (trial for trial in trials if _taken_over(trial) and trial.invalid is None)
    return sorted(found, key=lambda trial: trial.number)


def progress_of(
    trials: Iterable[TrialRecord],
    direction: Direction,
    pending: int = 0,
    unbegun: Collection[int] = (),
    waits: Mapping[int, str] = MappingProxyType({}),
    limits: Limits = NO_LIMITS,
) -> Progress:
    """Count the trials of a study and find the best, which is a feasible one."""
    trials = list(trials)
    own, known = own_trials(trials), results_known(trials)
    states = Counter(trial.state for trial in own)
    running = {trial.number for trial in own if trial.state is TrialState.RUNNING}
    failed = {trial.number for trial in own if trial.state is TrialState.FAIL}
    waiting = [waits_for for number, waits_for in waits.items() if number in running]
    best = best_of(limits.kept_by(known), direction)
    return Progress(
        complete=states[TrialState.COMPLETE],
        pruned=states[TrialState.PRUNED],
        failed=states[TrialState.FAIL],
        running=len(running),
        best=best,
        since_best=_after(best, own) if best else 0,
        pending=pending,
        unbegun=len(failed.intersection(unbegun)),
        waiting=counted(waiting),
        waiting_count=len(waiting),
        feasible=len(limits.kept_by(own)) if limits else None,
        infeasible=limits.least_infeasible(known),
    )


def pending_of(trials: Iterable[TrialRecord], scheduled: Collection[int]) -> int:
    """Return how many trials run and have no place yet, from the numbers of those that have one."""
    running = {trial.number for trial in own_trials(trials) if trial.state is TrialState.RUNNING}
    return len(running.difference(scheduled))


def best_of(trials: Sequence[TrialRecord], direction: Direction) -> TrialRecord | None:
    """Return the complete trial with the best value, the earliest of equals; None without one."""
    best: TrialRecord | None = None
    for trial in trials:
        if trial.state is not TrialState.COMPLETE or trial.value is None:
            continue
        if best is None or best.value is None or direction.better(trial.value, best.value):
            best = trial
    return best


def was_best(
    number: int, trials: Iterable[TrialRecord], direction: Direction, constraints: Collection[MetricConstraint] = ()
) -> bool:
    """Say whether a trial was the best of its edition when it ended, as far as its feasibility is known."""
    found = results_known(trials)
    found = Limits.of(constraints, found).kept_by(found)
    ended = next((trial.finished for trial in found if trial.number == number), None)
    if ended is None:
        return False
    best = best_of([t for t in found if t.known or (t.finished and t.finished <= ended)], direction)
    return best is not None and best.number == number


def _after(best: TrialRecord, trials: Sequence[TrialRecord]) -> int:
    later = (t for t in trials if t.state.successful and t is not best)
    return sum(1 for t in later if best.known or _order(t) > _order(best))


def _order(trial: TrialRecord) -> tuple[float, int]:
    return (trial.finished.timestamp() if trial.finished else float("inf"), trial.number)


def _taken_over(trial: TrialRecord) -> bool:
    """Say whether a warm start copied the trial: such a result has no key, because this edition never ran it."""
    return trial.origin is Origin.WARM_START and trial.key is None


@dataclass(frozen=True, slots=True)
class Pace:
    """Speed of a study."""

    per_minute: float | None
    """Finished trials a minute since the first one started; None before any has finished."""
    left: timedelta | None
    """Estimated time until enough trials have finished; None before any has."""


NO_PACE = Pace(None, None)
"""Of a study of which no trial has finished."""


def brief_time(time: timedelta) -> str:
    """Return a length of time for people: its two largest units."""
    seconds = round(time.total_seconds())
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
    return f"{seconds // 60} min {seconds % 60:02d} s" if seconds >= 60 else f"{seconds} s"


def pace_of(trials: Iterable[TrialRecord], missing: int, now: datetime) -> Pace:
    """Estimate the pace of a study."""
    own = own_trials(trials)
    starts = [trial.started for trial in own if trial.started]
    done = sum(trial.state.finished for trial in own)
    if not starts or not done:
        return NO_PACE
    minutes = max((now - min(starts)).total_seconds(), 1e-3) / 60
    return Pace(done / minutes, timedelta(minutes=missing * minutes / done))
