"""Editions that a DAG run left unfinished when it ended: found, and ended."""

from collections.abc import Callable

from airflow_hpo.core.act import state_without_result
from airflow_hpo.core.budget import End
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import DagRunEnd, DagRunKey
from airflow_hpo.core.trial import TrialState
from airflow_hpo.storage import acts, attempts, editions, sharers
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.attempted import ran_as
from airflow_hpo.studies.deleted_trials import end_deleted, lost_trials
from airflow_hpo.studies.status import Status, status
from airflow_hpo.studies.store import Store

EndedState = Callable[[DagRunKey], str | None]
"""State of a DAG run that has ended; None for one that goes on, and for one that this Airflow does not know."""


def end_of_runs(store: Store, edition: Edition, ended_state: EndedState) -> DagRunEnd | None:
    """Return how the DAG run of an unfinished edition ended; None while any run that works on it may go on.

    Of a shared edition every group's run counts, and so does the run of each attempt that runs: a person may have cleared it.
    """
    if edition.finished is not None:
        return None
    with store.session(read_only=True) as session:
        found = set(sharers.find(session, edition.name).values())
        begun = attempts.running(session, ran_as(edition))
    if edition.dag_run and not found:
        found = {edition.dag_run}
    if not found:
        return None
    found |= {DagRunKey.of(attempt.task) for attempt in begun}
    ends = []
    for run in sorted(found, key=lambda run: (run != edition.dag_run, str(run))):
        state = ended_state(run)
        if state is None:
            return None
        ends.append(DagRunEnd(run, state))
    return ends[0]


def end_stopped_editions(store: Store, family: str, ended_state: EndedState, *, but: str) -> list[Edition]:
    """End every edition of a study, except one, of which the DAG run has ended; return those that were ended."""
    unfinished = [e for e in store.read(editions.find, family) if e.finished is None and e.name != but]
    found = [(edition, end_of_runs(store, edition, ended_state)) for edition in unfinished]
    return [end_stopped(store, edition, by) for edition, by in found if by]


def end_stopped(store: Store, edition: Edition, by: DagRunEnd) -> Edition:
    """Give up the running trials of an edition and end it, unless a DAG run has opened it since it was read."""
    if lost_trials(store, edition):
        return end_deleted(store, edition.name)
    return _end(store, edition, status(store, edition.name), by)


@retried
def _end(store: Store, edition: Edition, judged: Status, by: DagRunEnd) -> Edition:
    # Simulations first: a trial that has ended is not told again by the last of them.
    running = {name: _running(store, name) for name in dict.fromkeys((ran_as(edition), edition.name))}
    end, reason = _statement(judged, by)
    with store.session() as session:
        editions.row_id(session, edition.name, lock=True)
        now = editions.get(session, edition.name)
        if now.finished is not None or (now.dag_run, now.started) != (edition.dag_run, edition.started):
            return now
        for name, numbers in running.items():
            by_hand = acts.ends(session, name)
            for number in numbers:
                state = state_without_result(number, by_hand)
                store.optuna.tell(name, number, state, within=session.connection())
                attempts.lose_running(session, name, number, f"{by}, and the trial had no result.")
        return editions.finish(session, edition.name, end, reason, judged.progress.best)


def _running(store: Store, name: str) -> list[int]:
    return [r.number for r in store.optuna.records(name, details=False) if r.state is TrialState.RUNNING]


def _statement(judged: Status, by: DagRunEnd) -> tuple[End, str]:
    if judged.verdict.end:
        return judged.verdict.end, f"{by}. {judged.verdict.reason}"
    return End.INCOMPLETE, f"{by} before the study ended: {judged.done}."
