"""Budget of a study: when it is over, how many trials it may start now, and how many it can need at most."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from airflow_hpo.core.progress import Progress
from airflow_hpo.core.study import Study


class End(StrEnum):
    """Why a study is over."""

    MAX_TRIALS = "max_trials"
    GOAL = "goal"
    PATIENCE = "patience"
    TIMEOUT = "timeout"
    MAX_FAILURES = "max_failures"
    SAME_FAILURE = "same_failure"
    STOPPED = "stopped"
    CANNOT_START = "cannot_start"
    """The cluster let too many trials not even begin."""
    EXHAUSTED = "exhausted"
    INCOMPLETE = "incomplete"
    """Its tasks ended before its budget did, and what there is was accepted."""


def end_of(
    study: Study, progress: Progress, elapsed: timedelta, stopped: str | None, idle: timedelta = timedelta(0)
) -> tuple[End, str] | None:
    """Return why a study is over, with the sentence for people; None while it goes on.

    ``idle`` is the time in which nothing ran, which ``elapsed`` is without.
    """
    best = progress.best.value if progress.best else None
    if stopped is not None:
        return End.STOPPED, f"The study was stopped: {stopped}"
    shown = f"{best}, {progress.best.known}" if progress.best and progress.best.known else f"{best}"
    # What was known before is no reason to measure nothing.
    if best is not None and progress.successful and study.objective.reached(best):
        return End.GOAL, f"The goal {study.objective.goal} was reached with {shown}."
    if progress.blamed > study.failures_allowed:
        return End.MAX_FAILURES, f"{_trials(progress.blamed)} failed for good, and {study.failures_allowed} may."
    if progress.counted(study.count) >= study.wanted:
        return End.MAX_TRIALS, f"All {study.wanted} trials are {study.count}."
    if study.patience is not None and progress.since_best >= study.patience:
        return End.PATIENCE, f"{_trials(progress.since_best)} in a row brought nothing better than {shown}."
    if study.timeout is not None and elapsed >= study.timeout:
        fate = f" {_FATES[study.when_over]}" if progress.running else ""
        stood = f" For {_rounded(idle)} nothing ran, which does not count." if idle >= NOTABLE else ""
        return End.TIMEOUT, f"The timeout of {study.timeout} has passed.{stood}{fate}"
    return None


def _trials(count: int) -> str:
    return f"{count} trial{'s' * (count != 1)}"


NOTABLE = timedelta(minutes=1)
"""Idle time that is worth a sentence."""


def _rounded(time: timedelta) -> timedelta:
    return timedelta(seconds=round(time.total_seconds()))


_FATES = {"finish": "Trials that run go on to their end.", "stop": "Trials that run are ended and pruned."}


@dataclass(frozen=True, slots=True)
class BudgetVerdict:
    """Result of judging a study by its budget."""

    end: End | None
    """Why no further trial is started; None while the study goes on."""
    reason: str
    """The same in one sentence; empty while the study goes on."""
    needed: int
    """How many more trials the study wants beyond those that run; 0 when it is over."""

    @property
    def over(self) -> bool:
        """Whether no further trial is started."""
        return self.end is not None


def verdict(
    study: Study,
    progress: Progress,
    elapsed: timedelta,
    stopped: str | None = None,
    idle: timedelta = timedelta(0),
) -> BudgetVerdict:
    """Judge a study by its progress."""
    found = end_of(study, progress, elapsed, stopped, idle)
    if found:
        return BudgetVerdict(*found, needed=0)
    done = progress.counted(study.count)
    return BudgetVerdict(None, "", needed=max(0, study.wanted - done - progress.running))


def cannot_start(study: Study, progress: Progress) -> bool:
    """Say whether so many trials could not begin that no further one is worth trying."""
    none_began = progress.successful == progress.blamed == 0
    alike = study.same_failures if none_began and study.same_failures else None
    most = study.failures_allowed + 1
    return progress.unbegun >= (most if alike is None else min(most, alike))


def verdict_on_start(progress: Progress, reasons: Sequence[str]) -> BudgetVerdict:
    """Judge a study of which trials could not begin, with the last reason."""
    last = next((reason.partition(": ")[2] for reason in reversed(reasons) if reason), "").rstrip(".")
    said = f"{_trials(progress.unbegun)} could not begin, which max_failures does not count{f'; the last: {last}' if last else ''}."
    return BudgetVerdict(End.CANNOT_START, said, needed=0)


def may_fail_alike(study: Study, progress: Progress) -> bool:
    """Say whether enough trials have failed, and none has succeeded, for their reasons to be worth reading."""
    allowed = study.same_failures
    all_may_fail = study.failures_allowed >= study.wanted
    return allowed is not None and not all_may_fail and progress.successful == 0 and progress.failed >= allowed


def verdict_on_failures(judged: BudgetVerdict, reasons: Collection[str]) -> BudgetVerdict:
    """Judge a study of which every trial has failed by the reasons: one for all of them will not pass by itself."""
    first = {reason.partition("\n")[0].strip() for reason in reasons}
    if len(first) != 1 or not all(first):
        return judged
    kind, _, reason = first.pop().partition(": ")
    said = f"All {len(reasons)} trials that ended have failed for one reason ({kind}): {reason.rstrip('.')}."
    return BudgetVerdict(End.SAME_FAILURE, said, needed=0)


def verdict_on_grid(judged: BudgetVerdict, progress: Progress, left: int) -> BudgetVerdict:
    """Judge a grid by the points that it has left: with none and nothing running it is over."""
    if left == 0 and progress.running == 0:
        reason = (
            f"The grid has no point left: {progress.successful} have a result of this study, and the others failed twice "
            "with the same program or have one that was taken over."
        )
        return BudgetVerdict(End.EXHAUSTED, reason, needed=0)
    return replace(judged, needed=min(judged.needed, left))


def slots_free(study: Study, progress: Progress) -> int:
    """Return how many trials may be started without exceeding the parallelism, or ``max_pending``."""
    free = study.slots - progress.running
    if study.max_pending is not None:
        # Simulations of a trial wait together.
        free = min(free, study.pending_trials - -(-progress.pending // study.simulations))
    return max(0, free)


def ready_for_more(study: Study, progress: Progress, judged: BudgetVerdict) -> bool:
    """Say whether it is time to suggest another batch.

    A batch waits for ``batch_size`` free slots. Near the end fewer trials than that are wanted: they start as soon as
    they fit, but replacements for failed ones wait until nothing runs, so that few batches cover many failures.
    """
    if judged.needed == 0:
        return progress.running == 0
    never_asked = study.wanted - progress.finished - progress.running
    if judged.needed >= study.batch or never_asked > 0:
        return slots_free(study, progress) >= min(study.batch, judged.needed)
    return progress.running == 0


def most_batches(study: Study) -> int:
    """Return how many batches of at least ``batch_size`` the study can need, the reserve for single failures apart."""
    beyond_first = max(0, study.wanted - study.first_batch)
    failures = study.failures_allowed if study.count == "successful" else 0
    return 1 + -(-beyond_first // study.batch) + -(-failures // study.batch)


def most_trials(study: Study, wanted: int | None = None) -> int:
    """Return how many trials the study can start at most; of one that wanted another number of them."""
    trials = study.wanted if wanted is None else wanted
    return trials + (study.failures_of(trials) if study.count == "successful" else 0)
