"""Attempts: that one began, where it runs, and how it ended."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, update
from sqlalchemy.orm import Session

from airflow_hpo.core.attempt import IN_CLUSTER, Attempt, TaskRun, outweighs, without_stale
from airflow_hpo.core.edition import Span
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.phases import Moments, Phase, Seconds, seconds_between, stored_seconds
from airflow_hpo.core.placement import UNKNOWN, Placement
from airflow_hpo.core.remarks import Remarks
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage import editions, slots
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.tables import AttemptRow, EditionRow, SlotRow

TAIL_LENGTH = 20_000
"""How many characters of a log are kept, the last ones."""


def begin(
    session: Session,
    edition: str,
    number: int,
    task: TaskRun,
    *,
    backend: str,
    placement: Placement = UNKNOWN,
    work: str | None = None,
    ready: datetime | None = None,
) -> Attempt:
    """Note that a task runs a trial; the same try of the same task has one attempt, however often it says so.

    A trial's first one could have begun when it was ``ready``, or when the trial before it in its slot had ended.
    """
    edition_id = editions.row_id(session, edition, lock=True)
    ours = [AttemptRow.edition_id == edition_id, AttemptRow.number == number]
    same_try = [getattr(AttemptRow, name) == value for name, value in asdict(task).items()]
    row = session.scalars(select(AttemptRow).where(*ours, *same_try)).one_or_none()
    if row is None:
        before = session.execute(select(func.max(AttemptRow.attempt)).where(*ours)).scalar() or 0
        row = AttemptRow(edition_id=edition_id, number=number, attempt=before + 1, backend=backend, work=work)
        row.problems = []
        _place(row, placement)
        row.started_at, row.outcome = utc_now(), AttemptOutcome.RUNNING.value
        row.seconds = _waited(session, row, ready) if ready and not before else {}
        for name, value in asdict(task).items():
            setattr(row, name, value)
        session.add(row)
        session.flush()
    return _attempt(row, edition)


def _waited(session: Session, row: AttemptRow, ready: datetime) -> dict[str, Any]:
    """Return for how long a trial that was ready has waited for its task while it had its slot to itself."""
    ours, newest = SlotRow.edition_id == row.edition_id, SlotRow.number.desc()
    slot = select(SlotRow.slot).where(ours, SlotRow.number == row.number).scalar_subquery()
    theirs = select(SlotRow.number).where(ours, SlotRow.slot == slot, SlotRow.number != row.number)
    before = theirs.order_by(newest).limit(1).scalar_subquery()
    ended = select(func.max(AttemptRow.finished_at))
    ended = ended.where(AttemptRow.edition_id == row.edition_id, AttemptRow.number == before)
    since = max(filter(None, [ready, session.scalar(ended)]))
    return {Phase.POOL.value: round(max(0.0, (row.started_at - since).total_seconds()), 3)}


def locate(session: Session, edition: str, number: int, attempt: int, placement: Placement) -> Attempt:
    """Add to what is known about where an attempt runs, such as its pod's node and image once they are known."""
    editions.row_id(session, edition, lock=True)
    row = _row(session, edition, number, attempt)
    _place(row, placement)
    session.flush()
    return _attempt(row, edition)


def hear(session: Session, edition: str, number: int, attempt: int, at: datetime) -> None:
    """Note when the last line of an attempt came, unless a later one is known."""
    known = AttemptRow.heard_at
    _note(session, edition, number, attempt, known.is_(None) | (known < at), heard_at=at)


def any_heard(session: Session, edition: str) -> bool:
    """Say whether a line of any attempt of an edition was ever read."""
    heard = select(AttemptRow.id).where(_within(edition), AttemptRow.heard_at.is_not(None)).limit(1)
    return session.scalar(heard) is not None


def any_begun(session: Session, edition: str, numbers: Collection[int]) -> bool:
    """Say whether an attempt of any of these trials ever began."""
    begun = select(AttemptRow.id).where(_within(edition), AttemptRow.number.in_(numbers)).limit(1)
    return session.scalar(begun) is not None


def read_to(session: Session, attempt: Attempt, reading: str) -> None:
    """Note how far the log of an attempt was read; the values that were read until then are stored with it."""
    _note(session, attempt.study, attempt.number, attempt.attempt, reading=reading)


def remark(session: Session, attempt: Attempt, remarks: Remarks) -> None:
    """Note all that the program of an attempt has said so far, in place of what it had before."""
    _note(session, attempt.study, attempt.number, attempt.attempt, remarks=remarks.to_dict())


def wait_for(session: Session, attempt: Attempt) -> None:
    """Note what an attempt that runs waits for, and the seconds of its phases that are over."""
    runs = AttemptRow.outcome == AttemptOutcome.RUNNING.value
    known = {"waits_for": attempt.waits_for, "seconds": dict(attempt.seconds or {})}
    _note(session, attempt.study, attempt.number, attempt.attempt, runs, **known)


def ending(session: Session, attempt: Attempt, reason: str) -> None:
    """Note why an attempt ends that still runs."""
    runs = AttemptRow.outcome == AttemptOutcome.RUNNING.value
    _note(session, attempt.study, attempt.number, attempt.attempt, runs, reason=reason)


def give_up(session: Session, attempt: Attempt, verdict: str) -> None:
    """Note where the pruner gives an attempt up that still runs; the first time stays."""
    _note(session, attempt.study, attempt.number, attempt.attempt, AttemptRow.verdict.is_(None), verdict=verdict)


def _note(
    session: Session, edition: str, number: int, attempt: int, *conditions: ColumnElement[bool], **values: Any
) -> None:
    """Change columns of one attempt without reading it."""
    ours = AttemptRow.number == number, AttemptRow.attempt == attempt
    session.execute(
        update(AttemptRow)
        .where(_within(edition), *ours, *conditions)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def finish(session: Session, attempt: Attempt, outcome: Outcome) -> None:
    """Note how an attempt ended, unless more is known: the first end that was seen holds, also after it was lost.

    Expects the attempt as :func:`of` returns it with a lock: what is known about its placement is kept.
    """
    weaker = [old.value for old in AttemptOutcome if outweighs(outcome.state, old)]
    tail = "\n".join(outcome.tail)[-TAIL_LENGTH:]
    _end(
        session,
        attempt.study,
        [AttemptRow.number == attempt.number, AttemptRow.attempt == attempt.attempt, AttemptRow.outcome.in_(weaker)],
        outcome,
        exit_code=outcome.exit_code,
        problems=list(outcome.problems),
        log_tail=tail or None,
        # A pod that failed may be taken up; of what has a result nothing is read any more.
        **({} if outcome.state is AttemptOutcome.FAILED else {"reading": None}),
        waits_for=outcome.waits_for,
        seconds={**(attempt.seconds or {}), **_phases(attempt, outcome.moments)},
        **_columns({**attempt.placement.to_dict(), **outcome.placement.to_dict()}),
    )


def _phases(attempt: Attempt, moments: Moments) -> Seconds:
    """Return how long the phases of an attempt took that ends now; what a worker runs itself it runs at once."""
    if attempt.backend in IN_CLUSTER:
        return seconds_between(attempt.started, moments, utc_now())
    found = seconds_between(attempt.started, Moments(started=attempt.started, ended=moments.ended), utc_now())
    del found[Phase.START]
    return found


def lose_running(session: Session, edition: str, number: int, reason: str, *, before: int | None = None) -> None:
    """End as lost the attempts of a trial that still run: all, or those before one of them."""
    theirs = [AttemptRow.number == number, AttemptRow.outcome == AttemptOutcome.RUNNING.value]
    if before is not None:
        theirs.append(AttemptRow.attempt < before)
    else:
        slots.give_back(session, edition, number, another_attempt=False)
    _end(session, edition, theirs, Outcome(AttemptOutcome.LOST, reason=reason, kind=FailureKind.KILLED))


def of(session: Session, edition: str, number: int | None = None, *, lock: bool = False) -> list[Attempt]:
    """Return attempts in the order of their trials and runs; with a lock, no other process ends or begins one meanwhile."""
    if lock:
        editions.row_id(session, edition, lock=True)
    return without_stale(_attempts(session, edition, *([] if number is None else [AttemptRow.number == number])))


def newest(session: Session, edition: str, count: int) -> list[Attempt]:
    """Return the attempts that began last, in the order of their trials and runs."""
    ids = _of(edition).with_only_columns(AttemptRow.id).order_by(AttemptRow.id.desc()).limit(count).subquery()
    return without_stale(_attempts(session, edition, AttemptRow.id >= select(func.min(ids.c.id)).scalar_subquery()))


def running(session: Session, edition: str) -> list[Attempt]:
    """Return the attempts without an end."""
    return _attempts(session, edition, AttemptRow.outcome == AttemptOutcome.RUNNING.value)


def waits(session: Session, edition: str) -> dict[int, str]:
    """Return what trials wait for before their programs start, by their numbers."""
    columns = select(AttemptRow.number, AttemptRow.waits_for)
    running = AttemptRow.outcome == AttemptOutcome.RUNNING.value
    found = session.execute(columns.where(_within(edition), running, AttemptRow.waits_for.is_not(None)))
    return {number: waits_for or "" for number, waits_for in found}


def unbegun(session: Session, edition: str) -> set[int]:
    """Return the trials of which the cluster let no attempt begin."""
    never = AttemptRow.waits_for.is_not(None) & (AttemptRow.kind == FailureKind.INFRASTRUCTURE.value)
    query = select(AttemptRow.number).where(_within(edition)).group_by(AttemptRow.number)
    return set(session.scalars(query.having(func.count() == func.sum(case((never, 1), else_=0)))))


def worked(session: Session, edition: str) -> bool:
    """Say whether a pod of the edition was created, read and heard of before, so that the cluster gave every right then."""
    heard = or_(AttemptRow.heard_at.is_not(None), AttemptRow.exit_code.is_not(None))
    within_cluster = AttemptRow.backend.in_([backend.value for backend in IN_CLUSTER])
    return session.scalar(select(AttemptRow.id).where(_within(edition), within_cluster, heard).limit(1)) is not None


def spans(session: Session, edition: str, since: datetime) -> list[Span]:
    """Return when attempts ran that had not ended by then; a lost one until something was heard of it."""
    columns = select(AttemptRow.started_at, AttemptRow.finished_at, AttemptRow.heard_at, AttemptRow.outcome)
    later = or_(AttemptRow.finished_at.is_(None), AttemptRow.finished_at > since)
    lost = AttemptOutcome.LOST.value
    return [
        (started, (heard or started) if outcome == lost else finished)
        for started, finished, heard, outcome in session.execute(columns.where(_within(edition), later))
    ]


def last_reasons(session: Session, edition: str, numbers: Collection[int]) -> list[str]:
    """Return why each of these trials failed at last, with the kind before it; empty for one that no attempt tells of."""
    columns = select(AttemptRow.number, AttemptRow.kind, AttemptRow.reason).where(_within(edition))
    ordered = columns.where(AttemptRow.number.in_(numbers)).order_by(AttemptRow.number, AttemptRow.attempt)
    last = {number: f"{kind}: {reason}" if kind and reason else "" for number, kind, reason in session.execute(ordered)}
    return [last.get(number, "") for number in numbers]


def lost_by_infrastructure(session: Session, edition: str, numbers: Collection[int]) -> list[int]:
    """Return those of some failed trials of which the last attempt, if any, did not fail by itself."""
    kinds = ("", FailureKind.INFRASTRUCTURE.value, FailureKind.KILLED.value)
    said = zip(numbers, last_reasons(session, edition, numbers), strict=True)
    return [number for number, reason in said if reason.partition(": ")[0] in kinds]


def images(session: Session, edition: str) -> dict[int, str | None]:
    """Return the image that gave each trial's result, by the trial's number; None where no image did."""
    results = AttemptRow.outcome.in_([AttemptOutcome.COMPLETE.value, AttemptOutcome.PRUNED.value])
    columns = select(AttemptRow.number, AttemptRow.place).join(EditionRow, EditionRow.id == AttemptRow.edition_id)
    found = session.execute(columns.where(EditionRow.name == edition, results).order_by(AttemptRow.number))
    return {number: Placement.from_dict(place).image for number, place in found}


def newest_image(session: Session, tag: str) -> str | None:
    """Return the image, with its digest, of the newest pod of a tag in any study; None before one has ended."""
    newest = AttemptRow.started_at.desc(), AttemptRow.id.desc()
    place = session.scalar(select(AttemptRow.place).where(AttemptRow.image_tag == tag).order_by(*newest).limit(1))
    return Placement.from_dict(place or {}).image


def _place(row: AttemptRow, placement: Placement) -> None:
    for name, value in _columns({**(row.place or {}), **placement.to_dict()}).items():
        setattr(row, name, value)


def _columns(place: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a placement; a query for a tag needs one of its own."""
    tag = place.pop("image_tag", None)
    return {"place": place, **({"image_tag": tag} if tag else {})}


def _of(edition: str) -> Select[AttemptRow]:
    return select(AttemptRow).join(EditionRow, EditionRow.id == AttemptRow.edition_id).where(EditionRow.name == edition)


def _within(edition: str) -> ColumnElement[bool]:
    return AttemptRow.edition_id == select(EditionRow.id).where(EditionRow.name == edition).scalar_subquery()


def _row(session: Session, edition: str, number: int, attempt: int) -> AttemptRow:
    wanted = _of(edition).where(AttemptRow.number == number, AttemptRow.attempt == attempt)
    row = session.scalars(wanted).one_or_none()
    if row is None:
        raise StudyNotFoundError(
            f"An attempt must have begun before more is said of it, but study {edition!r} has no attempt {attempt} "
            f"of trial {number}. Begin it first."
        )
    return row


def _attempts(session: Session, edition: str, *wanted: ColumnElement[bool]) -> list[Attempt]:
    query = _of(edition).where(*wanted).order_by(AttemptRow.number, AttemptRow.attempt)
    # What a transaction has read before may have been changed by others until it got its lock.
    rows = session.scalars(query.execution_options(populate_existing=True))
    return [_attempt(row, edition) for row in rows]


def _end(session: Session, edition: str, wanted: list[ColumnElement[bool]], outcome: Outcome, **seen: Any) -> None:
    now = utc_now()
    # A clock may go back, and two hosts never have the same.
    finished = case(
        (AttemptRow.started_at > now, AttemptRow.started_at), else_=literal(now, AttemptRow.started_at.type)
    )
    ended = {"outcome": outcome.state.value, "kind": outcome.kind and outcome.kind.value, "reason": outcome.reason}
    session.execute(
        update(AttemptRow)
        .where(_within(edition), *wanted)
        .values(finished_at=finished, **ended, **seen)
        .execution_options(synchronize_session=False)
    )


def _attempt(row: AttemptRow, edition: str) -> Attempt:
    return Attempt(
        study=edition,
        number=row.number,
        attempt=row.attempt,
        task=TaskRun(row.dag_id, row.run_id, row.task_id, row.map_index, row.try_number),
        backend=row.backend,
        started=row.started_at,
        outcome=AttemptOutcome(row.outcome),
        finished=row.finished_at,
        kind=FailureKind(row.kind) if row.kind else None,
        reason=row.reason,
        exit_code=row.exit_code,
        problems=tuple(row.problems),
        log_tail=row.log_tail,
        placement=Placement.from_dict({**row.place, "image_tag": row.image_tag}),
        work=row.work,
        heard=row.heard_at,
        verdict=row.verdict,
        reading=row.reading,
        waits_for=row.waits_for,
        seconds=stored_seconds(row.seconds),
        remarks=Remarks.from_dict(row.remarks or {}),
    )
