"""Trials as flat rows, for tables, exports and pandas frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_hpo.core.attempt import Attempt, MetricValue, R, by_trial, counting
from airflow_hpo.core.feasibility import Limits
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.core.trial_details import TrialDetails
from airflow_hpo.core.trial_key import companion_of
from airflow_hpo.storage import attempts, editions, metric_series, slots
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.attempted import simulations_of
from airflow_hpo.studies.store import Store

if TYPE_CHECKING:
    import pandas as pd


COLUMNS = {
    "number",
    "state",
    "attempts",
    "seconds",
    "started",
    "origin",
    "replaces",
    "replaced_by",
    "reason",
    "exit_code",
    "problems",
    "remarks",
}
"""Columns that every trial has, whatever its study declares."""
JUDGED = {"feasible", "breaks"}
"""Columns of the trials of a study with constraints on metrics."""


TAKEN_OVER = {"taken_over", "taken_over_measured", "taken_over_data_until"}
"""Columns of the trials of an edition that took values over: where, when and on data until when they were measured."""


INVALID = "invalid"
"""State of a trial after its result was taken back."""


def trial_rows(store: Store, name: str) -> list[dict[str, Any]]:
    """Return every trial of an edition, replaced ones included, with its parameters, metrics and the attempt that counts."""
    study = store.read(editions.get, name).study
    rows, records = [], sorted(store.optuna.records(name), key=lambda r: r.number)
    parts = scenario_parts(store, study, name, records)
    runs = by_trial(store.read(attempts.of, companion_of(name) if study.scenarios else name))
    known = any(record.source for record in records)
    replaced, limits = {r.replaces: r.number for r in records}, Limits.of(study.metric_constraints, records)
    for record in records:
        if study.scenarios:
            mine = parts.get(record.number, {})
            attempt = telling(record.state, mine.values(), runs)
            tries = sum(len(runs.get(part.number, ())) for part in mine.values())
        else:
            mine, attempt = {}, counting(runs.get(record.number, ()))
            tries = len(runs.get(record.number, ()))
        rows.append(
            {
                "number": record.number,
                "state": state_of(record),
                metric_column(study.objective.metric): record.value,
                **{f"params.{parameter}": record.params.get(parameter) for parameter in study.space},
                **{metric_column(extra): record.metrics.get(extra) for extra in study.objective.extra_metrics},
                **{
                    f"scenarios.{each.name}": mine[each.name].value if each.name in mine else None
                    for each in study.listed_scenarios
                },
                **({"feasible": limits.feasible(record), "breaks": limits.breach(record)} if limits else {}),
                "attempts": tries,
                "seconds": _seconds(record),
                "started": record.started.isoformat(timespec="seconds") if record.started else None,
                "origin": record.origin.value,
                **(_taken_over(record) if known else {}),
                "replaces": record.replaces,
                "replaced_by": replaced.get(record.number),
                "reason": record.invalid or (attempt.reason if attempt else _given_up(record, mine)),
                "exit_code": attempt.exit_code if attempt else None,
                "problems": " ".join(attempt.problems) if attempt and attempt.problems else None,
                "remarks": _remarks(
                    {f"{scenario}: ": counting(runs.get(part.number, ())) for scenario, part in mine.items()}
                    if study.scenarios
                    else {"": attempt}
                ),
            }
        )
    return rows


def scenario_parts(
    store: Store, study: Study, name: str, records: Sequence[TrialRecord]
) -> dict[int, dict[str, TrialRecord]]:
    """Return the simulation of each scenario that counts, by the number of the trial that counts and the scenario."""
    if not study.scenarios:
        return {}
    found = {}
    for number, simulations in simulations_of(store, name, records, details=True).items():
        newest = {str(one.params["scenario"]): one for one in simulations}
        found[number] = {each.name: newest[each.name] for each in study.listed_scenarios if each.name in newest}
    return found


def _remarks(counted: Mapping[str, Attempt | None]) -> str | None:
    """Return what the programs of a trial have said, in one text; by what stands before each of theirs."""
    said = [f"{before}{text}" for before, one in counted.items() if one for text in one.remarks.sentences]
    return " | ".join(said) or None


def _given_up(record: TrialRecord, parts: Mapping[str, TrialRecord]) -> str | None:
    """Say after how much a trial of several simulations was given up, where no attempt of it was."""
    known = [name for name, part in parts.items() if part.value is not None]
    return f"It was given up after {', '.join(known)}." if known and record.state is TrialState.PRUNED else None


def telling(state: TrialState, parts: Iterable[TrialRecord], runs: Mapping[int, Sequence[R]]) -> R | None:
    """Return the attempt that says why a trial of several simulations ended as it did."""
    found = (counting(runs.get(one.number, ())) for one in parts if one.state is state)
    return next(filter(None, found), None)


def state_of(record: TrialRecord) -> str:
    """Return what people see as a trial's state: its own, or that its result was taken back."""
    return record.state.value if record.invalid is None else INVALID


def metric_column(metric: str) -> str:
    """Return the column of a metric: its name, unless another column has that."""
    return f"metrics.{metric}" if metric in COLUMNS | JUDGED | TAKEN_OVER or metric.startswith("params.") else metric


def _taken_over(record: TrialRecord) -> dict[str, str | None]:
    mark = record.known.to_dict() if record.known else {}
    return {
        "taken_over": record.source,
        "taken_over_measured": mark.get("measured"),
        "taken_over_data_until": mark.get("data_until"),
    }


def _seconds(record: TrialRecord) -> float | None:
    if record.started is None or record.finished is None:
        return None
    return round((record.finished - record.started).total_seconds(), 1)


def trials_frame(store: Store, name: str) -> pd.DataFrame:
    """Return the trials of an edition, one a row, indexed by number."""
    import pandas as pd

    frame = pd.DataFrame(trial_rows(store, name))
    return frame.set_index("number") if len(frame) else frame


SERIES_COLUMNS = ["number", "attempt", "metric", "step", "value", "reported"]


def value_rows(values: Iterable[MetricValue]) -> list[dict[str, Any]]:
    """Return reported values, one a row."""
    return [
        dict(zip(SERIES_COLUMNS, (v.number, v.attempt, v.name, v.step, v.value, v.reported), strict=True))
        for v in values
    ]


def metric_series_frame(
    store: Store, name: str, number: int | None = None, metric: str | None = None, *, every_attempt: bool = False
) -> pd.DataFrame:
    """Return reported values of an edition, one a row."""
    import pandas as pd

    study = store.read(editions.get, name).study
    if study.scenarios:
        parts = scenario_parts(store, study, name, store.optuna.records(name, details=False))
        rows = [
            {**row, "number": trial, "scenario": scenario}
            for trial, each in sorted(parts.items())
            if number in (None, trial)
            for scenario, part in each.items()
            for row in value_rows(
                store.read(metric_series.series, companion_of(name), part.number, metric, every_attempt=every_attempt)
            )
        ]
        return pd.DataFrame(rows, columns=["number", "scenario", *SERIES_COLUMNS[1:]])
    values = store.read(metric_series.series, name, number, metric, every_attempt=every_attempt)
    return pd.DataFrame(value_rows(values), columns=SERIES_COLUMNS)


@retried
def trial_details(store: Store, name: str, number: int) -> TrialDetails:
    """Return all that is stored about a trial of an edition."""
    edition = store.read(editions.get, name)
    study = edition.study
    # All trials are read only where what holds of one depends on others.
    records = store.optuna.records(name, details=False) if study.scenarios or study.metric_constraints else []
    parts = scenario_parts(store, study, name, records).get(number, {})
    with store.session(read_only=True) as session:
        runs = attempts.of(session, name, number)
        values = metric_series.series(session, name, number, every_attempt=True)
        slot = slots.of(session, name, number)
    record = store.optuna.record(name, number)
    limits = Limits.of(study.metric_constraints, records)
    return TrialDetails(
        edition=name,
        metric=study.objective.metric,
        record=record,
        replaced_by=store.optuna.replacement_of(name, number),
        attempts=runs,
        values=values,
        slot=slot,
        breaks=limits.breach(record),
        feasible=limits.feasible(record) if limits else None,
        simulations={each: trial_details(store, companion_of(name), one.number) for each, one in parts.items()},
    )
