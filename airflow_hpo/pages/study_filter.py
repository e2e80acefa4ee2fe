"""Filter of lists of studies, and the part of the list that comes next."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from airflow_hpo.core.names import one_spelling
from airflow_hpo.core.trial_key import SIMULATIONS
from airflow_hpo.pages.edition import Numbered
from airflow_hpo.pages.models.studies import StudyState
from airflow_hpo.storage.tables import EditionRow, EvaluationRow

Readable = Callable[[Iterable[str | None]], set[str | None]]
"""Which of some DAGs the person may read."""
READ_AHEAD = 10
"""Parts of the list that are read at most for one answer, where most of it may not be read."""


@dataclass(frozen=True)
class StudyFilter:
    """Which editions are listed; None for any."""

    dag_id: str | None = None
    run_id: str | None = None
    family: str | None = None
    q: str | None = None
    state: StudyState | None = None
    evaluates: bool | None = None

    def of(self, wanted: Select[EditionRow]) -> Select[EditionRow]:
        """Return a query for these editions alone; whether a DAG run has left one, only Airflow knows."""
        wanted = wanted.where(~EditionRow.family.endswith(SIMULATIONS))
        for column, value in ((EditionRow.dag_id, self.dag_id), (EditionRow.run_id, self.run_id)):
            wanted = wanted if value is None else wanted.where(column == value)
        if self.family is not None:
            wanted = wanted.where(EditionRow.family == one_spelling(self.family))
        if self.q:
            text = one_spelling(self.q)
            columns = (EditionRow.name, EditionRow.dag_id, EditionRow.run_id)
            wanted = wanted.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
        if self.evaluates is not None:
            known = exists().where(EvaluationRow.edition_id == EditionRow.id)
            wanted = wanted.where(known if self.evaluates else ~known)
        return self._in_state(wanted)

    def _in_state(self, wanted: Select[EditionRow]) -> Select[EditionRow]:
        if self.state is None:
            return wanted
        if self.state == "ended":
            return wanted.where(EditionRow.finished_at.is_not(None))
        wanted = wanted.where(EditionRow.finished_at.is_(None))
        if self.state == "left":
            return wanted
        drained = EditionRow.drained_at.is_not(None)
        return wanted.where(drained if self.state == "drained" else ~drained)


def next_part(
    session: Session, wanted: StudyFilter, readable: Readable, limit: int, before: int | None
) -> tuple[list[Numbered], int | None]:
    """Return the editions below an id, the newest first, and the id from which the list goes on; None at its end.

    Rights are asked for by the DAGs of what was read, so a person who may read little may get less than the limit.
    """
    found: list[Numbered] = []
    for _ in range(READ_AHEAD):
        query = wanted.of(select(EditionRow)).order_by(EditionRow.id.desc()).limit(limit + 1)
        rows = list(session.scalars(query if before is None else query.where(EditionRow.id < before)))
        allowed = readable({row.dag_id for row in rows[:limit]})
        for row in rows[:limit]:
            before = row.id
            if row.dag_id in allowed:
                found.append(Numbered.of(row))
            if len(found) == limit:
                return found, before if row is not rows[-1] else None
        if len(rows) <= limit:
            return found, None
    return found, before


def count(session: Session, wanted: StudyFilter) -> int:
    """Return how many editions there are in all."""
    query = wanted.of(select(EditionRow)).with_only_columns(func.count())
    return session.scalar(query) or 0
