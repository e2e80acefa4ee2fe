"""Trials of a study as columns, which is what tables and charts in a browser take."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.feasibility import Limits
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin, TrialState
from airflow_hpo.core.trial_key import batch_and_index, first_key
from airflow_hpo.pages.models.trials import Columns, Comes
from airflow_hpo.pages.runs import runs_of
from airflow_hpo.pages.states import STATES, added_by_hand, comes_from
from airflow_hpo.storage import acts
from airflow_hpo.storage.attempt_lines import stamp_of
from airflow_hpo.studies.attempted import ran_as
from airflow_hpo.studies.store import Store

if TYPE_CHECKING:
    from airflow_hpo.optuna.trial_columns import TrialColumns


def version_of(store: Store, edition: Edition, since: int) -> str:
    """Return what differs once a trial, an attempt or the end of an edition does; it costs a small part of what they cost."""
    with store.session(read_only=True) as session:
        trials = store.optuna.stamp(edition.name, session.connection())
        stamp = [since, edition.end, *trials, *stamp_of(session, ran_as(edition))]
    return hashlib.sha256(json.dumps(stamp, default=str).encode()).hexdigest()[:32]


def columns_of(store: Store, edition: Edition, since: int = 0) -> Columns:
    """Return the trials of an edition from a number on."""
    study = edition.study
    with store.session(read_only=True) as session:
        trials = store.optuna.columns(edition.name, session.connection(), since)
        by_hand = added_by_hand(acts.of(session, edition.name))
    # The whole study where what holds of a trial depends on others.
    records = store.optuna.records(edition.name, details=False) if study.scenarios or study.metric_constraints else []
    limits = Limits.of(study.metric_constraints, records)
    runs = runs_of(store, edition, study, records, since)
    feasible = {record.number: limits.feasible(record) for record in records} if limits else {}
    counted = [runs.counted.get(number) for number in trials.number]
    states = _states(trials)
    values = [value if state.successful else None for state, value in zip(states, trials.value, strict=True)]
    odd = {number: value for number, value in zip(trials.number, values, strict=True) if value and not isfinite(value)}
    origins = _origins(trials, by_hand)
    return Columns.model_construct(
        since=since,
        next=0 if limits.waiting else _next(trials),
        total=trials.total,
        number=trials.number,
        state=[STATES[state] for state in states],
        value=values,
        value_marks={number: str(value) for number, value in odd.items()},
        started=trials.started,
        finished=trials.finished,
        params=_in_order(trials, study),
        attempts=[runs.tries.get(number, 0) for number in trials.number],
        kind=[one and one.kind for one in counted],
        origin=[origins.get(number) for number in trials.number],
        feasible=[feasible.get(number) for number in trials.number],
        batch=[_batch(trials.key.get(number)) for number in trials.number],
        pod=[one and one.place.get("pod") for one in counted],
        node=[one and one.place.get("node") for one in counted],
        task=[one and one.task_id for one in counted],
        map_index=[one and one.map_index for one in counted],
        try_number=[one and one.try_number for one in counted],
        superseded={replaced: number for number, replaced in sorted(trials.replaces.items(), reverse=True)},
        invalid=sorted(trials.invalid),
    )


def _next(trials: TrialColumns) -> int:
    open_ = (number for number, state in zip(trials.number, trials.state, strict=True) if not state.finished)
    return next(open_, trials.number[-1] + 1 if trials.number else trials.total)


def _states(trials: TrialColumns) -> list[TrialState]:
    """Return the states; a result that was taken back is a failure without a value."""
    if not trials.invalid:
        return trials.state
    told = zip(trials.number, trials.state, strict=True)
    return [TrialState.FAIL if number in trials.invalid else state for number, state in told]


def _origins(trials: TrialColumns, by_hand: set[int]) -> dict[int, Comes | None]:
    """Return where the trials come from that are not the sampler's own, which most are."""
    named = {*trials.origin, *trials.source, *trials.replaces, *by_hand}
    return {
        number: comes_from(
            number,
            trials.origin.get(number, Origin.SAMPLER),
            trials.source.get(number),
            trials.replaces.get(number),
            by_hand,
        )
        for number in named
    }


def _in_order(trials: TrialColumns, study: Study) -> dict[str, list[Any]]:
    """Return the columns of the parameters in the order of the space, and then what other programs have added."""
    nothing: list[Any] = [None] * len(trials.number)
    ordered = {name: trials.params.get(name, nothing) for name in study.space}
    return {**ordered, **{name: column for name, column in trials.params.items() if name not in ordered}}


def _batch(key: str | None) -> str | None:
    return _batch_in(first_key(key).rpartition("/")[0]) if key else None


@lru_cache(maxsize=4096)
def _batch_in(beginning: str) -> str | None:
    """Return the batch of all keys that begin so; an index follows."""
    batch = batch_and_index(f"{beginning}/0")[0]
    return None if batch < 0 else f"{batch:03d}"
