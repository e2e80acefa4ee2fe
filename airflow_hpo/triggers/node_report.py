"""Report of a pod's node to its study while it runs: only where the study lets few trials wait for one."""

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.study import Study
from airflow_hpo.pods.threads import in_thread
from airflow_hpo.pods.watch.node import OnNode
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.attempts import locate_now
from airflow_hpo.triggers.slots import study_queue


def located(store: Store, study: Study, attempt: Attempt) -> OnNode | None:
    """Return what takes the node of an attempt's pod; None where its end is early enough, which saves a write."""
    if study.max_pending is None:
        return None

    async def tell(placement: Placement) -> bool:
        if attempt.placement.node == placement.node:
            return True
        told = await in_thread(locate_now, store, attempt, placement)
        if told:
            study_queue(attempt.study).freed.set()
        return told

    return tell
