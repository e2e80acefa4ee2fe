"""Explanation of where a study and its trials are, in sentences for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from airflow_hpo.core.attempt import Attempt, by_trial, counting
from airflow_hpo.core.budget import slots_free
from airflow_hpo.core.owner import DagRunEnd
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.scenarios import parts_by_trial
from airflow_hpo.core.trial import AttemptOutcome, TrialRecord, TrialState
from airflow_hpo.core.trial_key import first_key
from airflow_hpo.core.waiting import Waiting
from airflow_hpo.storage import attempts, editions
from airflow_hpo.storage.metric_series import last_reports
from airflow_hpo.studies.attempted import ran_as
from airflow_hpo.studies.deleted_trials import lost_trials
from airflow_hpo.studies.images import images_sentence
from airflow_hpo.studies.periods import periods_sentence
from airflow_hpo.studies.phases import sentences_of
from airflow_hpo.studies.run_tasks import NO_TASK, RunTasks, TaskLook
from airflow_hpo.studies.status import Status, status_of
from airflow_hpo.studies.store import Store

News = Mapping[tuple[int, int], datetime]
"""When the attempts that run reported last, by trial and attempt."""

GIVEN_UP = "It was given up without a result."
NAMED = 10
"""Trials that the sentence about them names."""


@dataclass(frozen=True, slots=True)
class TrialReason:
    """Why one trial is not complete."""

    number: int
    state: str
    """The trial's own state, ``"waiting"`` while its program has not started, or ``"invalid"``."""
    attempts: int
    task: str | None
    """The Airflow task that runs it, with its map index; None when there is none."""
    why: str
    exit_code: int | None = None
    """Of the program in the attempt that ended last; None when none exited."""
    problems: Sequence[str] = ()
    """What was odd about the metrics of the attempt that ended last, one sentence each."""
    log_tail: str | None = None
    """The last lines of the log of the attempt that ended last, as far as they are kept."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What holds a study up."""

    study: Sequence[str]
    """Sentences about the study itself, the most important one first."""
    trials: Sequence[TrialReason]
    """Those that run, then those that brought no result, the newest first."""


def explain(store: Store, name: str, tasks: RunTasks) -> Explanation:
    """Say why a study is where it is, and each of its trials that has no result."""
    edition = store.read(editions.get, name)
    if lost := lost_trials(store, edition):
        return Explanation([lost.sentence, *filter(None, [edition.reason])], [])
    records = store.optuna.records(name, details=False)
    ran = ran_as(edition)
    with store.session(read_only=True) as session:
        known, news = attempts.of(session, ran), last_reports(session, ran)
    runs = by_trial(known)
    parts = store.optuna.records(ran) if edition.study.scenarios else records
    replaced = {record.replaces for record in parts}
    shown = [r for r in parts if r.key and r.number not in replaced and not r.state.successful]
    shown.sort(key=lambda r: (r.state is not TrialState.RUNNING, -r.number))
    look = status_of(store, edition, records)
    said = _study(look, tasks, {first_key(r.key) for r in parts if r.key})
    odd = odd_results(parts, runs)
    mixed = images_sentence(store, [ran]), periods_sentence(store, name)
    found = [_trial(record, runs.get(record.number, []), tasks, news) for record in shown]
    if edition.study.scenarios:
        trials = {part.number: number for number, each in parts_by_trial(parts, records).items() for part in each}
        found = [
            replace(reason, number=trials[part.number], why=f"Scenario {part.params['scenario']}: {reason.why}")
            for part, reason in zip(shown, found, strict=True)
        ]
        odd = {trials[number]: problems for number, problems in odd.items()}
    return Explanation(
        [
            *said,
            *([odd_sentence(odd)] if odd else []),
            *filter(None, (edition.rule_trouble, look.none_feasible, *mixed)),
            *sentences_of(known, edition),
        ],
        found,
    )


def _study(look: Status, tasks: RunTasks, asked: set[str]) -> list[str]:
    edition, running = look.edition, look.progress.running
    if edition.finished:
        return [f"It ended at {edition.finished.isoformat(timespec='seconds')}. {edition.reason}", *tasks.troubles()]
    if tasks.ended:
        return [stopped_sentence(tasks.ended), *filter(None, [look.verdict.reason]), *tasks.troubles()]
    drained = filter(None, [edition.drained])
    if look.verdict.over:
        rest = f"{running} trials still run." if running else tasks.bookkeeping("finish")
        return [f"No further trial is started. {look.verdict.reason}", *drained, rest, *tasks.troubles()]
    waiting = tasks.without_trial(asked)
    extra = [f"{len(waiting)} tasks of its last batches wait for a free slot."] if waiting else []
    return [*drained, _wanted(look, tasks), *extra, *tasks.troubles()]


def stopped_sentence(by: DagRunEnd) -> str:
    """Say that a study is stopped because its DAG run has ended, and what to do."""
    return (
        f"It is stopped: {by}, so its trials run no more. Clear the run's tasks to go on; "
        "`airflow hpo studies stop`, or the start of the study's next edition, ends it."
    )


def _wanted(look: Status, tasks: RunTasks) -> str:
    study, running, needed = look.edition.study, look.progress.running, look.verdict.needed
    free, pending = slots_free(study, look.progress), look.progress.pending
    if needed == 0:
        waiting = f" and the {look.waiting} that wait for their tasks" if look.waiting else ""
        held = f" Not started: {look.progress.waiting}." if look.progress.waiting else ""
        begun = look.running + look.progress.waiting_count
        return f"It waits for the {begun} trials that run{waiting}: no more are wanted unless they fail.{held}"
    more = f"{needed} more are wanted"
    if look.edition.drained:
        return f"{running} of {study.slots} slots are taken, and {more} after that."
    if running >= study.slots:
        wait = (
            f" {look.progress.waiting_count} of those wait: {look.progress.waiting}." if look.progress.waiting else ""
        )
        return f"All {study.slots} slots are taken, and {more}: they wait for a free slot.{wait}"
    what = "simulations" if study.scenarios else "trials"
    held = f" while {pending} {what} wait for a place to run (max_pending={study.max_pending})" if pending else ""
    return f"{free} of {study.slots} slots are free{held}, and {more}. {tasks.next_step(min(study.batch, needed))}"


def _trial(record: TrialRecord, runs: Sequence[Attempt], tasks: RunTasks, news: News) -> TrialReason:
    task = tasks.of_trial(record.key or "", runs[-1].task if runs else None)
    if record.invalid is not None:
        state, why = "invalid", record.why_invalid
    elif record.state is TrialState.RUNNING:
        waits = bool(runs) and runs[-1].outcome is AttemptOutcome.RUNNING and runs[-1].waits_for is not None
        state, why = "waiting" if waits else record.state.value, _running(runs, task, news)
    else:
        state, why = record.state.value, last_words(runs) or GIVEN_UP
    last = next((run for run in reversed(runs) if run.finished), None)
    details = (last.exit_code, last.problems, last.log_tail) if last else ()
    return TrialReason(record.number, state, len(runs), task.name if task else None, why, *details)


def _running(runs: Sequence[Attempt], task: TaskLook | None, news: News) -> str:
    where = task.why if task else NO_TASK
    if not runs:
        return where
    last = runs[-1]
    if last.outcome is not AttemptOutcome.RUNNING:
        return f"{ended_sentence(last)} {where}"
    if task is None or task.works:
        if last.ending:
            return f"Attempt {last.attempt} {_placement(last.placement)}is Terminating. {last.ending}"
        since = last.started.isoformat(timespec="seconds")
        if last.waits_for:
            return f"Attempt {last.attempt} has begun at {since} and waits for {Waiting.of(last.waits_for).sentence}."
        return f"Attempt {last.attempt} runs {_placement(last.placement)}since {since}. {_last_news(last, news)}"
    return f"Attempt {last.attempt} was interrupted. {where}"


def _last_news(attempt: Attempt, news: News) -> str:
    last = news.get((attempt.number, attempt.attempt))
    value = last.isoformat(timespec="seconds") if last else None
    if attempt.heard is None:
        return f"Its last value came at {value}." if value else "No value has come yet."
    line = f"Its last line came at {attempt.heard.isoformat(timespec='seconds')}"
    return f"{line}, its last value at {value}." if value else f"{line}, and no value has come yet."


def _placement(where: Placement) -> str:
    if where.pod:
        return f"in pod {where.pod} of namespace {where.namespace}{f' on node {where.node}' if where.node else ''} "
    return f"on {where.host} " if where.host else ""


def last_words(runs: Iterable[Attempt]) -> str:
    """Return how the last attempt that has a reason ended; empty when none has."""
    ended = [attempt for attempt in runs if attempt.reason]
    return ended_sentence(ended[-1]) if ended else ""


def ended_sentence(attempt: Attempt) -> str:
    """Return how an attempt ended, one sentence."""
    kind = f" ({attempt.kind.value})" if attempt.kind else ""
    said = f": {attempt.reason}" if attempt.reason else "."
    return f"Attempt {attempt.attempt} {_VERBS.get(attempt.outcome, attempt.outcome.value)}{kind}{said}"


_VERBS = {AttemptOutcome.COMPLETE: "was complete", AttemptOutcome.PRUNED: "was pruned", AttemptOutcome.LOST: "was lost"}


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
