"""Lists of comparisons with the answers that people gave, read without the decisions themselves."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.orm import Session

from airflow_hpo.exceptions import ComparisonError
from airflow_hpo.pages.models.comparisons import ApprovalAsked, ComparisonLine
from airflow_hpo.pages.models.task import TaskPlace
from airflow_hpo.storage.tables import ApprovalRow, ComparisonRow, EditionRow

Readable = Callable[[Iterable[str | None]], Collection[str | None]]
"""Which of some DAGs the person who looks may read; None stands for what belongs to none."""

_BATCH = 100
_COLUMNS = (
    *(ComparisonRow.id, ComparisonRow.family, ComparisonRow.parameter_set, ComparisonRow.verdict),
    *(ComparisonRow.sentence, ComparisonRow.created_at, ComparisonRow.dag_id, ComparisonRow.run_id),
    *(ComparisonRow.task_id, ComparisonRow.champion_version, ComparisonRow.look),
)
OWNER = func.coalesce(ComparisonRow.dag_id, EditionRow.dag_id)
"""The DAG that a comparison belongs to: the one that compared, or else the one that tuned; empty where neither is known."""


def comparison_lines(
    session: Session,
    *,
    dag_id: str | None = None,
    run_id: str | None = None,
    family: str | None = None,
    parameter_set: str | None = None,
    limit: int = 50,
    readable: Readable | None = None,
) -> list[ComparisonLine]:
    """Return comparisons that may be read, the newest first."""
    wanted = _listed(dag_id, run_id, family, parameter_set)
    found: list[RowMapping] = []
    before: int | None = None
    while len(found) < limit:
        page = wanted if before is None else wanted.where(ComparisonRow.id < before)
        rows = session.execute(page.limit(max(limit, _BATCH) if readable else limit)).mappings().all()
        found += _readable(rows, readable)
        if readable is None or len(rows) < max(limit, _BATCH):
            break
        before = rows[-1]["id"]
    found = found[:limit]
    answers = newest_answers(session, [row["id"] for row in found])
    return [ComparisonLine(**_fields(row), answer=answers.get(row["id"])) for row in found]


def line_of(session: Session, row: ComparisonRow) -> ComparisonLine:
    """Return one comparison as a list has it."""
    told = {column.key: getattr(row, column.key) for column in _COLUMNS}
    return ComparisonLine(**told, answer=newest_answers(session, [row.id]).get(row.id))


def no_such_comparison(number: int) -> ComparisonError:
    """Return the error for a comparison that is not there, which is also that for one that may not be read."""
    return ComparisonError(
        f"A comparison's page needs a comparison that you may read, but got {number}. Open the list of decisions."
    )


def owner_of(session: Session, number: int) -> tuple[bool, str | None]:
    """Return whether there is a comparison of that number, and the DAG that it belongs to."""
    found = session.execute(_of_owner(select(OWNER)).where(ComparisonRow.id == number)).first()
    return found is not None, found[0] if found else None


def newest_answers(session: Session, numbers: Collection[int]) -> dict[int, ApprovalAsked]:
    """Return the newest question about each of some comparisons, with its answer."""
    if not numbers:
        return {}
    rows = session.scalars(select(ApprovalRow).where(ApprovalRow.comparison_id.in_(numbers)).order_by(ApprovalRow.id))
    return {row.comparison_id: _asked(row) for row in rows}


def _asked(row: ApprovalRow) -> ApprovalAsked:
    names = ("dag_id", "run_id", "task_id", "map_index", "try_number")
    return ApprovalAsked(
        choice=row.choice,
        by=row.user_name or row.user_id,
        asked_at=row.asked_at,
        until=row.until,
        answered_at=row.answered_at,
        task=TaskPlace(**{name: getattr(row, name) for name in names}),
    )


def _listed(dag_id: str | None, run_id: str | None, family: str | None, parameter_set: str | None) -> Select[Any]:
    columns: tuple[Any, ...] = (*_COLUMNS, OWNER.label("owner"))
    wanted = _of_owner(select(*columns)).order_by(ComparisonRow.id.desc())
    for column, value in (
        (OWNER, dag_id),
        (ComparisonRow.run_id, run_id),
        (ComparisonRow.family, family),
        (ComparisonRow.parameter_set, parameter_set),
    ):
        wanted = wanted if value is None else wanted.where(column == value)
    return wanted


def _of_owner(wanted: Select[Any]) -> Select[Any]:
    return wanted.select_from(ComparisonRow).outerjoin(EditionRow, EditionRow.name == ComparisonRow.edition)


def _readable(rows: Iterable[RowMapping], readable: Readable | None) -> list[RowMapping]:
    rows = list(rows)
    if readable is None:
        return rows
    dags = readable({row["owner"] for row in rows})
    return [row for row in rows if row["owner"] in dags]


def _fields(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "owner"}
