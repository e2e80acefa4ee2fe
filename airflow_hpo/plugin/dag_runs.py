"""States of DAG runs, as the API server reads them from Airflow's own database."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from sqlalchemy import select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from airflow_hpo.core.owner import DagRunKey

logger = logging.getLogger(__name__)
ENDED = ("success", "failed")


def ended_runs(runs: Collection[DagRunKey]) -> Mapping[DagRunKey, str]:
    """Return the states of those that have ended; of none where Airflow's database does not answer, which hides no study."""
    from airflow.models.dagrun import DagRun  # noqa: TID251
    from airflow.utils.session import create_session  # noqa: TID251

    wanted = tuple_(DagRun.dag_id, DagRun.run_id).in_([(run.dag_id, run.run_id) for run in runs])
    query = select(DagRun.dag_id, DagRun.run_id, DagRun.state).where(wanted, DagRun.state.in_(ENDED))
    try:
        with create_session() as session:
            return {
                DagRunKey(dag_id, run_id): str(getattr(state, "value", state))
                for dag_id, run_id, state in session.execute(query)
            }
    except SQLAlchemyError:
        logger.exception("Whether DAG runs of studies have ended could not be read.")
        return {}
