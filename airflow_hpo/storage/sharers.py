"""Task groups that share an edition, each with its DAG run."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_hpo.core.owner import DagRunKey, Owner
from airflow_hpo.storage import editions
from airflow_hpo.storage.insert_absent import insert_absent
from airflow_hpo.storage.tables import SharerRow


def join(session: Session, edition: str, group: Owner, run_id: str, after: DagRunKey | None) -> None:
    """Let a DAG run of a task group work on a shared edition, in place of one that has ended."""
    edition_id = editions.row_id(session, edition, lock=True)
    ours = {"edition_id": edition_id, "dag_id": group.dag_id, "group_id": group.group_id or ""}
    insert_absent(session, SharerRow, [{**ours, "run_id": run_id}])
    row = session.scalars(select(SharerRow).filter_by(**ours).execution_options(populate_existing=True)).one()
    editions.refuse_another_run(edition, DagRunKey(row.dag_id, row.run_id), DagRunKey(group.dag_id, run_id), after)
    row.run_id = run_id
    session.flush()


def find(session: Session, edition: str) -> dict[Owner, DagRunKey]:
    """Return the task groups that have opened a shared edition, each with the DAG run that did so last."""
    rows = session.scalars(select(SharerRow).where(SharerRow.edition_id == editions.row_id(session, edition)))
    return {Owner(row.dag_id, row.group_id): DagRunKey(row.dag_id, row.run_id) for row in rows}
