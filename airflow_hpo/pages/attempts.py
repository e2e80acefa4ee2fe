"""Attempts of a study as columns: when they ran and where, for a chart of slots and time."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.attempt import stale
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.phases import Phase, stored_seconds
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.pages.models.trials import AttemptColumns
from airflow_hpo.storage.attempt_lines import timed_lines_of
from airflow_hpo.studies.attempted import ran_as, simulations_of
from airflow_hpo.studies.store import Store

BEFORE_RUNNING = (Phase.CREATION, Phase.SCHEDULING, Phase.PULL, Phase.START)
"""What an attempt that has begun waits for before its program runs."""


def attempts_of(store: Store, edition: Edition) -> AttemptColumns:
    """Return all attempts of an edition, in the order of trials, or of simulations, and runs."""
    with store.session(read_only=True) as session:
        lines = list(timed_lines_of(session, ran_as(edition)))
    trials = _trials(store, edition)
    lost = stale(lines)
    return AttemptColumns.model_construct(
        number=[trials[one.number][0] if one.number in trials else one.number for one in lines],
        scenario=[trials[one.number][1] if one.number in trials else None for one in lines],
        attempt=[one.attempt for one in lines],
        started=[_seconds_of(one.started.timestamp()) for one in lines],
        finished=[_seconds_of(one.finished.timestamp()) if one.finished else None for one in lines],
        outcome=[_LOST if old else one.outcome.value for one, old in zip(lines, lost, strict=True)],
        kind=[FailureKind.KILLED.value if old else one.kind for one, old in zip(lines, lost, strict=True)],
        waiting=[_waited(one.seconds) for one in lines],
        pod=[one.place.get("pod") for one in lines],
        node=[one.place.get("node") for one in lines],
        slot=[one.slot for one in lines],
    )


_LOST = AttemptOutcome.LOST.value


def _trials(store: Store, edition: Edition) -> Mapping[int, tuple[int, str]]:
    """Return trial and scenario of each simulation, by its number; none where a trial is its own simulation."""
    if not edition.study.scenarios:
        return {}
    parts = simulations_of(store, edition.name, details=True)
    return {part.number: (number, str(part.params["scenario"])) for number, each in parts.items() for part in each}


def _waited(stored: Any) -> float:
    seconds = stored_seconds(stored) or {}
    return _seconds_of(sum(seconds.get(phase, 0.0) for phase in BEFORE_RUNNING))


def _seconds_of(value: float) -> float:
    return round(value, 1)
