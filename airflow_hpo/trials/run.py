"""Life of a trial in one task: asked for, claimed, begun, reported, and concluded or failed.

A worker, a worker that resumes, a triggerer and a group of tasks all live it through :class:`TrialRun`, so that each stores the
same and writes the same lines. It knows no Airflow: a worker that raises, skips or defers does so around it.

    ask      a request without a number gets its trial, or waits for a free slot
    claim    the trial that runs: the one asked for, its rerun, or none because the study has its result
    begin    an attempt; where the study is over, the trial is pruned instead
    monitor  takes what the trial reports, and says when it has to end
    conclude or fail: the study gets the result, or the trial stays open for the next attempt
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self

from airflow_hpo.core.attempt import AS_TEXT, IN_CLUSTER, Attempt, TaskTry
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.environment import parameter_variable, same_text
from airflow_hpo.core.log import Log
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.phases import Moments
from airflow_hpo.core.placement import UNKNOWN, Placement
from airflow_hpo.core.progress import was_best
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import AttemptOutcome, TrialRecord, TrialRequest, TrialResult, TrialState
from airflow_hpo.core.work import Work, by_first_rule
from airflow_hpo.exceptions import PermanentHpoError, StudyOverError, TransientHpoError
from airflow_hpo.storage import acts, attempts
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.drain import held_back
from airflow_hpo.studies.simulations import why_not_begun
from airflow_hpo.studies.stop import must_not_start
from airflow_hpo.studies.stop_rule import ask_rule
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for
from airflow_hpo.studies.why import ended_sentence, last_words
from airflow_hpo.trials import claim as claims
from airflow_hpo.trials.attempts import attempt_of, reading_of, take_up
from airflow_hpo.trials.claim import Claim, Reruns
from airflow_hpo.trials.conclude import conclude, fail
from airflow_hpo.trials.images import answer_line
from airflow_hpo.trials.monitor import TrialMonitor
from airflow_hpo.trials.reporter import TrialReporter

GIVEN_UP = (
    "Trial {number} was given up before this attempt ended, and a finished trial never changes. "
    "Clear the task to run it again."
)

FAILED_BEFORE = (
    "Trial {number} has failed in the study, as an earlier try of this task told it, so nothing is run. {said} "
    "Clear the task to run it again."
)

LET_GO = "It ended by itself with its metric, which counts. It would have been %s."


class TrialRun:
    """One trial as one task runs it; its methods are called in the order in which they stand here."""

    claimed: Claim
    """The trial, once it is claimed."""
    attempt: Attempt
    """The attempt, once it has begun."""
    edition: Edition
    """The study as it was when the trial was claimed, or the attempt was taken up by another process."""
    reporter: TrialReporter
    """Takes what the attempt reports, once it has begun."""

    refusal: str | None = None
    """Why the trial must not begin any more, because its study is over or a person ended it; None when it may, or has begun before."""

    asked_here = False
    """Whether the trial was asked for where it runs, and not by a task before."""

    def __init__(self, store: Store, log: Log, poll_interval: float) -> None:
        self.store = store
        self.log = log
        self._poll_interval = poll_interval

    @property
    def study(self) -> Study:
        """Declaration of the study."""
        return self.edition.study

    def ask(self, study: str, keys: Sequence[str]) -> list[TrialRequest]:
        """Ask for the trial of the first key and, where others wait too, for theirs; return those that the study gives.

        :raises StudyOverError: when the study is over without it.
        """
        self.asked_here = True
        ask_rule(self.store, study, self.log)
        given, status = ask_for(self.store, study, keys)
        if keys[0] not in {one.key for one in given}:
            if status.verdict.over:
                raise StudyOverError(status.verdict.reason)
            why = status.edition.drained or str(status)
            self.log.info("%s waits for a free slot of the study. %s", keys[0], why)
        return given

    def claim(self, request: TrialRequest, work: Work, task: TaskTry, rerun: Reruns = "changed") -> TrialRequest:
        """Decide which trial runs, and return it with its parameters; repeating it changes nothing."""
        return self._claimed(claims.claim(self.store, request, work, task, rerun))

    def claim_anew(self, because: str) -> TrialRequest:
        """Take a new trial in place of the one that was claimed and has a result already."""
        return self._claimed(claims.claim_anew(self.store, self.claimed, because))

    def _claimed(self, claimed: Claim) -> TrialRequest:
        self.claimed, self.edition = claimed, claimed.edition
        if claimed.because:
            replaced, number = claimed.record.replaces, claimed.record.number
            self.log.info("Trial %s does not answer, because %s; trial %s runs.", replaced, claimed.because, number)
        return claimed.request

    def answer(self, unseen: Sequence[str] = ()) -> TrialResult | None:
        """Return the result that the study has already; None when the trial has to run.

        Its log names the files that the trial's program runs and that were not compared.

        :raises PermanentHpoError: when an earlier try of the same task has told that the trial failed.
        """
        if not self.claimed.answered:
            return None
        record, study = self.claimed.record, self.claimed.request.study
        if record.state is TrialState.FAIL:
            said = last_words(self.store.read(attempts.of, study, record.number))
            raise PermanentHpoError(FAILED_BEFORE.format(number=record.number, said=said))
        self.log.info("Trial %s is %s in the study; nothing is run.", record.number, record.state)
        if given_up := why_not_begun(self.store, study, record):
            self.log.info("%s", given_up)
            return claims.result_of(study, record)
        self.log.info("%s", _answer_of(record, self.claimed.request))
        if image := answer_line(self.store, study, record.number):
            self.log.info("%s", image)
        if unseen:
            self.log.info(
                "Not looked at: %s. code=%s runs the trial again when it has changed.", ", ".join(unseen), unseen
            )
        return claims.result_of(study, record)

    def held_back(self) -> bool:
        """Say whether the trial, which has no result yet, has to wait with its first attempt because its study is drained."""
        if not held_back(self.store, self.edition, self.claimed.record.number):
            return False
        self.log.info("Trial %s has not begun and waits. %s", self.claimed.record.number, self.edition.drained)
        return True

    def begin(self, task: TaskTry, backend: str, placement: Placement = UNKNOWN) -> TrialResult | None:
        """Begin an attempt; return a result at once when it must not begin: its study is over, or a person ended it."""
        self.resume(task, backend, placement)
        self._introduce()
        for wrong in same_text(self.study.space) if backend in AS_TEXT else ():
            self.log.warning("%s", wrong)
        self.refusal = self._must_not_start() if self.attempt.attempt == 1 else None
        return self.conclude(Outcome.pruned(reason=self.refusal)) if self.refusal else None

    def _must_not_start(self) -> str | None:
        by_hand = self.store.read(acts.ends, self.edition.name).get(self.attempt.number)
        return by_hand or must_not_start(self.store, self.edition, self.attempt.number)

    def take_over(self, task: TaskTry, backend: str, placement: Placement = UNKNOWN) -> None:
        """Go on with the attempt that an earlier task of the trial began, or begin one; also when the study is over."""
        if begun := claims.continued(self.store, self.claimed):
            self._begun(begun)
        else:
            self.resume(task, backend, placement)
        self._introduce()

    def resume(self, task: TaskTry, backend: str, placement: Placement = UNKNOWN) -> None:
        """Take up the attempt that the same try began before it was deferred; one that is new begins without a line."""
        self._begun(claims.begin(self.store, self.claimed, task, backend, placement, asked_here=self.asked_here))

    @classmethod
    def of_attempt(cls, store: Store, log: Log, poll_interval: float, where: tuple[str, int, int]) -> Self:
        """Return the run of an attempt that another process began: of which edition, trial and attempt."""
        run = cls(store, log, poll_interval)
        run.edition = store.edition(where[0])
        run._begun(attempt_of(store, *where))
        return run

    def take_up(self, earlier: int) -> None:
        """Go on from what an earlier attempt has read of the pod that it started, and that this one watches now."""
        self.attempt = take_up(self.store, self.attempt, earlier)

    def read_before(self) -> tuple[str, dict[str, list[int]]] | None:
        """Return how far earlier watchers have read the log, with the steps that are stored; None where none has."""
        return reading_of(self.store, self.attempt)

    def logs_were_read(self) -> bool:
        """Say whether a log of the study could be read before, by whichever process."""
        return self.store.read(attempts.any_heard, self.attempt.study)

    def monitor(self) -> TrialMonitor:
        """Return what takes new points while the trial runs, and says when the pruner or the study ends it."""
        attempt = self.attempt
        return TrialMonitor(self.reporter, self.store, attempt.study, attempt.number, self._poll_interval)

    def conclude(self, outcome: Outcome) -> TrialResult:
        """Tell the study that the attempt succeeded or was pruned; its result is ``fail`` when it was given up before."""
        outcome = self._timed(outcome)
        result = conclude(self.store, self.attempt, outcome, self.reporter)
        if result.state is not TrialState.FAIL:
            self.log.info("Trial %s is %s: %s", result.number, result.state, result.value)
            verdict = self.reporter.verdict
            if reason := outcome.explained(verdict).reason:
                self.log.info("%s", reason)
            if verdict and outcome.state is AttemptOutcome.COMPLETE:
                self.log.info(LET_GO, verdict)
        self._warn(outcome)
        return result

    def fail(self, outcome: Outcome, task: TaskTry, program_retries: int) -> bool:
        """Record that the attempt failed; return True when the study was told, because no further attempt is due."""
        outcome = self._timed(outcome)
        final = fail(self.store, self.attempt, outcome, task, program_retries, self.reporter)
        then = "the study is told" if final else "it stays open for another attempt"
        self.log.error("Trial %s failed (%s), %s: %s", self.attempt.number, outcome.kind, then, outcome.reason)
        self._warn(outcome)
        return final

    def _timed(self, outcome: Outcome) -> Outcome:
        """Add when a program had ended that has no pod: now, when its end is told."""
        here = self.attempt.backend not in IN_CLUSTER
        return replace(outcome, moments=Moments(ended=datetime.now(UTC))) if here else outcome

    def label(self, state: TrialState, value: float | None = None) -> str:
        """Return what people see of the trial in a list now that it has ended."""
        claimed = self.claimed
        best = False
        if state is TrialState.COMPLETE and not claimed.request.has_own_params:
            name, direction = claimed.request.study, self.study.objective.direction
            with suppress(TransientHpoError):  # its result is told, and a star is worth no failure
                records = self.store.without_retry.optuna.records(name, details=False)
                best = was_best(claimed.record.number, records, direction, self.study.metric_constraints)
        return claimed.request.ended_label(state, value, best=best)

    def _warn(self, outcome: Outcome) -> None:
        for problem in outcome.problems:
            self.log.warning("Odd about its metrics: %s", problem)

    def _begun(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.reporter = TrialReporter(self.store, self.study, attempt)

    def _introduce(self) -> None:
        attempt, claimed = self.attempt, self.claimed
        self.log.info("Study %s, trial %s, attempt %s", attempt.study, attempt.number, attempt.attempt)
        if slot := claimed.slot:
            self.log.info("It has %s.", slot)
            if slot.shared:
                self.log.warning("Another trial has it too: more run at once than the %s of the study.", slot.below)
        for line in history(self.store, attempt.study, claimed.record, attempt):
            self.log.info("%s", line)
        for name, value in claimed.request.params.items():
            self.log.info("  %s = %s%s", name, value, "" if name.isascii() else f" ({parameter_variable(name)})")


def _answer_of(record: TrialRecord, request: TrialRequest) -> str:
    """Say of when and of which data an answer from the study is."""
    since = f" of {record.finished:%Y-%m-%d %H:%M} UTC" if record.finished else ""
    if request.period is None:
        return f"It is answered from the result{since}."
    if by_first_rule(record.work):
        return (
            f"It is answered from the result{since}, stored by a version that kept no period: whether it was measured for "
            f"{request.period} is not known. rerun='always' runs it."
        )
    return f"It is answered from the result{since} for the period {request.period}."


@retried
def history(store: Store, name: str, record: TrialRecord, attempt: Attempt) -> list[str]:
    """Return what went before an attempt, one sentence each; costs nothing where nothing did."""
    lines = []
    if record.replaces is not None:
        last = last_words(store.read(attempts.of, name, record.replaces))
        lines.append(f"It runs trial {record.replaces} again. {last}".rstrip())
    if attempt.attempt > 1:
        runs = store.read(attempts.of, name, record.number)
        lines += [ended_sentence(run) for run in runs if run.attempt < attempt.attempt]
    return lines
