"""Slots of trials: taken, kept for another attempt, and free again. A trial that began before they were kept has none."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from airflow_hpo.core.slots import Slot, SlotState, lowest_free
from airflow_hpo.storage import editions
from airflow_hpo.storage.tables import EditionRow, SlotRow


def take(session: Session, edition: str, number: int, below: int) -> Slot:
    """Give a trial a slot that no other trial has; it has the same one however often it asks until it has ended."""
    edition_id = editions.row_id(session, edition, lock=True)
    ours = SlotRow.edition_id == edition_id
    taken = select(SlotRow).where(ours, (SlotRow.state != SlotState.FREE.value) | (SlotRow.number == number))
    rows = {row.number: row for row in session.scalars(taken.execution_options(populate_existing=True))}
    row = rows.pop(number, None)
    others = [(other.slot, SlotState(other.state)) for other in rows.values()]
    found = lowest_free(below, row.slot if row else None, others)
    if row is None:
        row = SlotRow(edition_id=edition_id, number=number)
        session.add(row)
    row.slot, row.state = found.number, SlotState.USED.value
    session.flush()
    return found


def give_back(session: Session, edition: str, number: int, *, another_attempt: bool) -> None:
    """Let others take a trial's slot, or only where none else is free, because another attempt of it is due."""
    ours = select(EditionRow.id).where(EditionRow.name == edition).scalar_subquery()
    state = SlotState.KEPT if another_attempt else SlotState.FREE
    session.execute(
        update(SlotRow)
        .where(SlotRow.edition_id == ours, SlotRow.number == number)
        .values(state=state.value)
        .execution_options(synchronize_session=False)
    )


def of(session: Session, edition: str, number: int) -> int | None:
    """Return the slot that a trial has or had last; None for one that has not run, or ran before slots were kept."""
    wanted = select(SlotRow.slot).join(EditionRow, EditionRow.id == SlotRow.edition_id)
    return session.scalar(wanted.where(EditionRow.name == edition, SlotRow.number == number))
