"""Clock of a study's timeout: only time in which attempts run counts."""

from datetime import timedelta

from airflow_hpo.core.edition import Edition
from airflow_hpo.storage import attempts, editions
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.studies.attempted import ran_as
from airflow_hpo.studies.store import Store

TIME_INTERVAL = timedelta(seconds=15)
"""Between two writes of how much of a timeout is used up."""


def kept_time(store: Store, edition: Edition) -> Edition:
    """Count the time since the last look in which attempts ran into the study's timeout."""
    if edition.study.timeout is None or edition.finished or edition.looked_at is None:
        return edition
    if utc_now() - edition.looked_at < TIME_INTERVAL:
        return edition
    with store.session() as session:
        spans = attempts.spans(session, ran_as(edition), edition.looked_at)
        return editions.keep_time(session, edition.name, spans)
