"""Generations of an edition: what a DAG run, or a study's constant ``run``, computed at first and afresh since then."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.trial_key import edition_name, family_and_run, generation_name, without_window
from airflow_hpo.storage import editions, sharers
from airflow_hpo.storage.tables import EditionRow, EvaluationRow


def newest(session: Session, family: str, run: str) -> Edition | None:
    """Return the newest generation; None before there is any."""
    row = session.scalars(_of(family, run).limit(1)).one_or_none()
    return None if row is None else editions.edition_of(row)


def current(session: Session, name: str, by: DagRunKey | None = None) -> Edition:
    """Return the edition that ``family@run`` means: its newest generation, or the newest that a DAG run works on.

    The name of a later generation means that one, and ``family@run~1`` the first.
    """
    found = [editions.edition_of(row) for row in session.scalars(_of(*family_and_run(name)))]
    if found:
        return next((each for each in found if by and by in _runs(session, each)), found[0])
    exact = editions.find_one(session, name) or editions.find_one(session, name.removesuffix("~1"))
    return exact or editions.get(session, name)


def free_name(session: Session, family: str, run: str, generation: int) -> tuple[str, int]:
    """Return the name of a generation, and its number: a later one where another ``run`` is called like that."""
    while (other := editions.find_one(session, generation_name(edition_name(family, run), generation))) is not None:
        if other.run == run:
            break
        generation += 1
    return generation_name(edition_name(family, run), generation), generation


def earlier(session: Session, edition: Edition) -> list[Edition]:
    """Return the generations before one, the newest first."""
    rows = session.scalars(_of(edition.family, edition.run).where(EditionRow.name != edition.name))
    return [each for each in map(editions.edition_of, rows) if each.generation < edition.generation]


def ask_afresh(session: Session, name: str, why: str | None) -> list[str]:
    """Have the next start of an edition compute afresh, and with it the evaluations of its DAG run; return their names.

    Without a reason it is taken back, and those are returned for which it was asked.
    """
    wanted = current(session, name)
    rows = list(session.scalars(_of(wanted.family, wanted.run).limit(1).with_for_update()))
    evaluates = select(EvaluationRow.edition_id).where(EvaluationRow.edition_id == EditionRow.id).exists()
    theirs = select(EditionRow).where(EditionRow.dag_id == wanted.dag_id, EditionRow.run_id == wanted.run_id, evaluates)
    named = EditionRow.family.startswith(f"{without_window(wanted.family)}/", autoescape=True)
    rows += session.scalars(theirs.where(named, editions.is_newest()).order_by(EditionRow.id).with_for_update())
    changed = [row for row in rows if why or row.afresh_wanted]
    for row in changed:
        row.afresh_wanted = why
    session.flush()
    return [row.name for row in changed]


def computed(session: Session, tuned: str, evaluations: Sequence[str]) -> str:
    """Return what tells a decision from an earlier one of the same run; empty while all is of the first generation.

    Those that are not in the store count as the first.
    """
    found = [_highest(session, [tuned]), _highest(session, evaluations)]
    return "" if found == [1, 1] else f"~{found[0]}.{found[1]}"


def _highest(session: Session, names: Sequence[str]) -> int:
    return session.scalar(select(func.max(EditionRow.generation)).where(EditionRow.name.in_(names))) or 1


def _runs(session: Session, edition: Edition) -> set[DagRunKey | None]:
    shared = set(sharers.find(session, edition.name).values()) if edition.study.shared else set()
    return {edition.dag_run, *shared}


def _of(family: str, run: str) -> Select[EditionRow]:
    return select(EditionRow).where(EditionRow.family == family, EditionRow.run == run).order_by(EditionRow.id.desc())
