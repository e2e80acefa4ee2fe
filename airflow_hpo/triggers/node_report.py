"""Telling a study which node a pod has got, while it runs: only where the study lets few trials wait for one."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_hpo.core.attempt import NODE, Attempt
from airflow_hpo.core.study import Study
from airflow_hpo.pods.locating import Located
from airflow_hpo.pods.threads import in_thread
from airflow_hpo.triggers.turns import turn
from airflow_hpo.tuning.running import locate_now
from airflow_hpo.tuning.store import Store


def located(store: Store, study: Study, attempt: Attempt) -> Located | None:
    """Return what takes the node of an attempt's pod; None where its end is early enough, which saves a write.

    :param store: the study database.
    :param study: the declaration.
    :param attempt: the attempt, as it is known so far.
    """
    if study.max_pending is None:
        return None

    async def tell(place: Mapping[str, str]) -> bool:
        if attempt.place.get(NODE) == place[NODE]:
            return True
        told = await in_thread(locate_now, store, attempt, place)
        if told:
            turn(attempt.study).freed.set()
        return told

    return tell
