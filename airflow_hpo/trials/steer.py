"""Acts of a person on trials of a running study: a point is added, or a trial is ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from airflow_hpo.core.act import ActKind
from airflow_hpo.core.space.constraint import check_kept
from airflow_hpo.core.space.space import Params, check_point
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.storage import acts, attempts
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.attempted import ran_as
from airflow_hpo.studies.simulations import end_parts, open_parts
from airflow_hpo.studies.status import status_of
from airflow_hpo.studies.steer import refuse_evaluation, refuse_over
from airflow_hpo.studies.store import Store


@dataclass(frozen=True, slots=True)
class Added:
    """A point that a person added."""

    edition: str
    number: int
    """Number of the waiting trial; the trial that runs it replaces it."""
    params: Params
    again: bool
    """Whether the same point waited already."""

    def __str__(self) -> str:
        point = ", ".join(f"{name}={value}" for name, value in self.params.items())
        waits = "waits already" if self.again else "is evaluated next"
        return f"{point} {waits}, as trial {self.number} of {self.edition}."


def add_trial(store: Store, name: str, params: Mapping[str, Any], by: str) -> Added:
    """Have a point evaluated next; what it leaves out is sampled. A point that waits already is not added again."""
    edition = store.edition(name)
    refuse_evaluation(store, name)
    point = check_point(edition.study.space, params)
    check_kept(edition.study.parameter_constraints, point)
    if not point:
        example = next(iter(edition.study.space))
        raise PermanentHpoError(f"A point needs at least one value, but got none. Type {example}=...")

    def check(database: Database, records: Sequence[TrialRecord], waiting: int) -> None:
        _refuse_full(store.within(database), name, records, waiting)

    def note(session: Session, number: int) -> None:
        acts.note(session, name, ActKind.ADD, by, number, point)

    number, again = store.optuna.enqueue(name, edition.study, point, check, note)
    return Added(name, number, point, again)


def _refuse_full(store: Store, name: str, records: Sequence[TrialRecord], waiting: int) -> None:
    look = status_of(store, store.edition(name), records)
    refuse_over(look, "A point is added to a study that goes on")
    if look.verdict.needed <= waiting:
        raise PermanentHpoError(
            f"A point needs a trial that the study still wants, but all {look.edition.study.wanted} of {name} are done, run, or "
            f"have their points. Type `airflow hpo studies extend {name} 1` first."
        )


@dataclass(frozen=True, slots=True)
class EndAsked:
    """A trial that a person wants to end."""

    edition: str
    number: int
    begun: bool
    """Whether an attempt of it runs, which is ended; one that has not begun does not begin."""
    again: bool

    def __str__(self) -> str:
        again = " It was asked for before." if self.again else ""
        fate = "is ended and pruned" if self.begun else "does not begin and is pruned"
        return f"Trial {self.number} of {self.edition} {fate}, which is no failure.{again}"


def end_trial(store: Store, name: str, number: int, by: str) -> EndAsked:
    """Have a running trial end as pruned; repeating it changes nothing."""
    edition = store.edition(name)
    refuse_evaluation(store, name)
    with store.session() as session:
        # Its state is locked: a trial that ends at this moment has ended before, or after the act is noted.
        if not store.optuna.is_running(name, number, session.connection()):
            _refuse_ended(store, session, name, number)
        parts = open_parts(store, name, number) if edition.study.scenarios else [number]
        begun = [attempt for attempt in attempts.running(session, ran_as(edition)) if attempt.number in parts]
        if any(attempt.backend == "group" for attempt in begun):
            raise PermanentHpoError(
                f"Only a trial that one task runs is ended, but trial {number} of {name} runs as a group of tasks. Mark its tasks as "
                "failed in Airflow."
            )
        again = number in acts.ends(session, name)
        if not again:
            acts.note(session, name, ActKind.END, by, number)
    if edition.study.scenarios:
        end_parts(store, name, number)
    return EndAsked(name, number, bool(begun), again)


def _refuse_ended(store: Store, session: Session, name: str, number: int) -> None:
    record = store.optuna.record(name, number)
    remedy = f"Type `airflow hpo trials invalidate {name} {number}` to take its result back."
    if record.state is TrialState.WAITING:
        remedy = "It has not been asked for yet."
    raise PermanentHpoError(
        f"Only a trial that runs is ended, but trial {number} of {name} is {record.state.value}. {remedy}"
    )
