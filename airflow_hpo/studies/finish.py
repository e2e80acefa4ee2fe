"""The end of a study: its best trial and how it came to be."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from airflow_hpo.core.afresh import answered_from
from airflow_hpo.core.budget import End
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.storage import editions
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies import importance
from airflow_hpo.studies.attempted import missing_sentence, ran_as
from airflow_hpo.studies.images import images_sentence
from airflow_hpo.studies.periods import periods_sentence
from airflow_hpo.studies.status import Status, status_of
from airflow_hpo.studies.store import Store


@dataclass(frozen=True, slots=True)
class Summary:
    """What a finished study has to say."""

    data: dict[str, Any]
    """Best trial and counts, small enough for XCom."""
    text: str
    """The same for people."""
    failure: str | None
    """Why the study failed; None when it brought a result."""


@retried
def finish(
    store: Store,
    status: Status,
    cause: str | None = None,
    *,
    accept_incomplete: bool = False,
    since: datetime | None = None,
) -> Summary:
    """Record the end of an edition and sum it up; repeating it sums up again.

    A study without an end fails, or is accepted as it is; the cause is the sentence about the task that broke off. Results
    from before a moment, such as the start of the DAG run, are told from those that were measured since.
    """
    # A look may have read the trials without their parameters.
    if status.limits:
        store.optuna.rejudge(status.edition.name)
    best = status.best and store.optuna.record(status.edition.name, status.best.number)
    end, reason = _end(status, cause)
    failure = _failure(status, end, reason, accept_incomplete)
    if status.verdict.over or (end is End.INCOMPLETE and failure is None):
        with store.session() as session:
            editions.finish(session, status.edition.name, end, reason, best)
    elif status.edition.ended:
        with store.session() as session:
            editions.correct_best(session, status.edition.name, best)
    importance.compute(store, status.edition)
    before = answered_from(own_trials(store.optuna.records(status.edition.name, details=False)), since)
    mixed = (
        missing_sentence(store, status.edition, best),
        images_sentence(store, [ran_as(status.edition)]),
        periods_sentence(store, status.edition.name),
        status.edition.differs,
    )
    text = _text(status, best, reason, before, *mixed, *status.limits.remarks, status.none_feasible)
    return Summary({**_data(status, best, end, reason), "answered": before}, text, failure)


def amend(store: Store, session: Session, name: str, told: TrialRecord | None = None) -> str | None:
    """Bring the best trial of an edition that has ended up to date; return what became of it, None while it goes on.

    For results that come, or are taken back, after the end. A trial that the same transaction tells is given, because only
    that transaction sees it.
    """
    # A task that ends another trial at the same time waits here, and then sees this one.
    editions.row_id(session, name, lock=True)
    edition = editions.get(session, name)
    if edition.finished is None:
        return None
    records = store.optuna.records(name, details=False)
    look = status_of(store, edition, [told if told and told.number == one.number else one for one in records])
    before, best = look.edition.best_number, look.best
    if best is None:
        now = (
            f"no trial is its best any more, which trial {before} was" if before is not None else "no trial is its best"
        )
    elif best.number == before:
        now = f"trial {before} still is its best"
    else:
        now = f"trial {best.number} is its best now, with {look.edition.study.objective.metric} = {best.value}"
    editions.correct_best(session, name, best)
    return f"The study had ended, and {now}. Clear its task finish to pass that on."


def _end(status: Status, cause: str | None) -> tuple[End, str]:
    """Return why the edition is over and the sentence for people: what holds now, else what was recorded."""
    if status.verdict.end:
        return status.verdict.end, status.verdict.reason
    if status.edition.end and status.edition.ended:
        return status.edition.end, status.edition.reason or ""
    return End.INCOMPLETE, (
        f"The tasks of the study ended before its budget did: {status.done}. "
        f"{cause or 'Clear the task that ended too early, with everything downstream.'}"
    )


def _data(status: Status, best: TrialRecord | None, end: End, reason: str) -> dict[str, Any]:
    progress = status.progress
    return {
        "study": status.edition.family,
        "edition": status.edition.name,
        "number": best.number if best else None,
        "value": best.value if best else None,
        "params": best.params if best else {},
        "metrics": dict(best.metrics) if best else {},
        "taken_over": best.source if best else None,
        "complete": progress.complete,
        "pruned": progress.pruned,
        "failed": progress.failed,
        **({} if progress.feasible is None else {"feasible": progress.feasible}),
        "end": end.value,
        "reason": " ".join(filter(None, [reason, status.none_feasible])),
    }


def _text(status: Status, best: TrialRecord | None, reason: str, *remarks: str | None) -> str:
    lines = [str(status), reason, *filter(None, remarks)]
    if best:
        source = f", {best.known}" if best.known else f", taken over from {best.source}" if best.source else ""
        lines += [f"Best: trial {best.number}, {status.edition.study.objective.metric} = {best.value}{source}"]
        lines += [f"  {name} = {value}" for name, value in best.params.items()]
    return "\n".join(lines)


def _failure(status: Status, end: End, reason: str, accept_incomplete: bool) -> str | None:
    if end is End.INCOMPLETE and not accept_incomplete:
        return f"{reason} accept_incomplete=True would take the best trial so far."
    if end is End.SAME_FAILURE:
        return f"{reason} Mend it and clear the failed trials, or give the study stop_on_same_failure=None."
    if end is End.CANNOT_START:
        return f"{reason} Mend what keeps pods from starting, then clear the failed trials."
    if end is End.MAX_FAILURES:
        return f"{reason} Look at the failed trials' logs, then clear them or raise max_failures."
    if status.none_feasible:
        return None
    if status.best is None and status.progress.pruned and not status.progress.failed:
        pruner = status.edition.study.pruner
        return (
            f"All {status.progress.pruned} trials that ended were pruned by {pruner.name!r}, so there is no best one. Write a larger "
            f"n_warmup_steps, or Pruner('none'), in place of {pruner!r}."
        )
    if status.best is None:
        return "No trial is complete, so there is no best one. Look at the failed trials' logs, then clear them."
    return None
