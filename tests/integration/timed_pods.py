"""Pods that waited for nodes, at times that are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.phases import Moments
from airflow_hpo.core.placement import UNKNOWN
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.claim import begin
from airflow_hpo.trials.conclude import conclude
from tests.integration.trial_tasks import Tuned, declared, task_try_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STUDY = declared(max_trials=5, parallelism=5, batch_size=5)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def pods(store: Store, run: str = "r", node_after: float = 490) -> Tuned:
    """Five pods that wait for a node each, run for ten minutes, and are told."""
    with time_machine.travel(NOON, tick=False):
        tuned = Tuned(store, STUDY, run)
        requests = tuned.suggest()
    with time_machine.travel(at(7), tick=False):
        begun = [begin(store, tuned.claim(one), task_try_of(one.key), "pod", UNKNOWN) for one in requests]
    moments = Moments(at(7), at(7 + node_after), at(10 + node_after), at(610 + node_after))
    with time_machine.travel(at(612 + node_after), tick=False):
        for attempt in begun:
            conclude(store, attempt, Outcome.complete(Measurement(0.5, {}), moments=moments))
    return tuned
