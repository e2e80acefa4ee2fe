"""Lists of studies: the newest first, as far as the person may read them."""

from airflow_hpo.pages.models.studies import StudyList
from airflow_hpo.pages.study_filter import Readable, StudyFilter, count, next_part
from airflow_hpo.pages.study_lines import EndedRuns, lines_of
from airflow_hpo.studies.store import Store


def list_studies(
    store: Store,
    wanted: StudyFilter,
    readable: Readable,
    ended_runs: EndedRuns,
    *,
    limit: int,
    before: int | None,
    counted: bool,
) -> StudyList:
    """Return a part of the list; how many there are in all only where the person may read every one of them."""
    with store.database.session(read_only=True) as session:
        found, following = next_part(session, wanted, readable, limit, before)
        lines = lines_of(session, found, ended_runs)
        total = count(session, wanted) if counted and wanted.state not in ("running", "left") else None
    if wanted.state in ("running", "left"):
        lines = [line for line in lines if line.state == wanted.state]
    return StudyList(studies=lines, next=None if following is None else str(following), total=total)
