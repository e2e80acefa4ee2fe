"""Runs of the trials of a study: how many there were of each, and which one counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airflow_hpo.core.attempt import by_trial, counting
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.storage.attempt_lines import AttemptLine, lines_of
from airflow_hpo.studies.attempted import ran_as
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.rows import scenario_parts, telling


@dataclass(frozen=True, slots=True)
class Runs:
    """Attempts of trials, by the number of the trial."""

    tries: Mapping[int, int]
    """How many there were; of a trial of several simulations those of all of them."""
    counted: Mapping[int, AttemptLine | None]
    """The one that gave the result, else the newest; of several simulations that of the one that ended as the trial did."""


def runs_of(store: Store, edition: Edition, study: Study, records: Sequence[TrialRecord], since: int = 0) -> Runs:
    """Return the attempts of the trials from a number on; the records are needed of a study with scenarios alone."""
    with store.session(read_only=True) as session:
        runs = by_trial(lines_of(session, ran_as(edition), 0 if study.scenarios else since))
    if not study.scenarios:
        return Runs({n: len(each) for n, each in runs.items()}, {n: _counting(each) for n, each in runs.items()})
    parts = scenario_parts(store, study, edition.name, records)
    states = {record.number: record.state for record in records}
    return Runs(
        {n: sum(len(runs.get(part.number, ())) for part in each.values()) for n, each in parts.items()},
        {n: telling(states[n], each.values(), runs) for n, each in parts.items() if n in states},
    )


def _counting(runs: Sequence[AttemptLine]) -> AttemptLine | None:
    return runs[0] if len(runs) == 1 else counting(runs)
