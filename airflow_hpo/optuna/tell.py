"""End of a trial in the study: the first result stays."""

import logging
import math
from collections.abc import Mapping

from sqlalchemy import Connection

from airflow_hpo.core.masking import masked
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.exceptions import PermanentHpoError, TrialFailedError
from airflow_hpo.optuna import attributes, excesses
from airflow_hpo.optuna.write import LockedTrial, locked_trial
from airflow_hpo.storage.database import Database

logger = logging.getLogger(__name__)


def tell(
    where: Database | Connection,
    name: str,
    number: int,
    state: TrialState,
    value: float | None = None,
    metrics: Mapping[str, float] | None = None,
    work: str | None = None,
) -> TrialRecord:
    """Give a running trial its result, or return the one it has: a finished trial never changes."""
    if not state.finished:
        raise PermanentHpoError(
            f"A trial is told as complete, pruned or fail, but trial {number} of {name!r} got {state.value!r}. "
            f"Tell it when it has ended."
        )
    if state is TrialState.COMPLETE or value is not None:
        value = _finite_objective(name, number, value)
    attrs = {**_finite_metrics(number, metrics or {}), **({attributes.WORK: work} if work else {})}
    with locked_trial(where, name, number, end=state) as trial:
        if trial.running:
            trial.note(attrs)
            if (told := _value(trial, state, value)) is not None:
                trial.set_value(told)
            excesses.note(trial, name)
        record = trial.record()
    if not record.state.finished:
        raise PermanentHpoError(
            f"Only a running trial can be told, but trial {number} of {name!r} is {record.state.value}. Ask for it first."
        )
    return record


def invalidate(database: Database, name: str, number: int, reason: str) -> TrialRecord:
    """Take a finished trial's result back; only the study's holder may call it.

    Optuna's row stays as it is, and a mark next to it makes everything that reads through us see a failed trial. The first
    reason is kept.
    """
    with locked_trial(database, name, number) as trial:
        record = trial.record()
        if record.invalid is None and not record.state.successful:
            raise PermanentHpoError(
                f"Only a result can be taken back, but trial {number} of {name!r} is {record.state.value} and has none. "
                f"{_REMEDY.get(record.state, 'Clear its task to run it again.')}"
            )
        if record.invalid is None:
            trial.note({attributes.INVALID: masked(reason)})
            trial.note({attributes.INFEASIBLE: 1.0}, system=True)
        return trial.record()


_REMEDY = {TrialState.RUNNING: "Mark its task failed to end it.", TrialState.WAITING: "Nothing is to be done."}


def _value(trial: LockedTrial, state: TrialState, value: float | None) -> float | None:
    if state is TrialState.FAIL:
        return None
    if state is TrialState.PRUNED and value is None:
        last = list(trial.reported().values())[-1:]
        return last[0] if last and math.isfinite(last[0]) else None
    return value


def _finite_objective(name: str, number: int, value: float | None) -> float:
    try:
        result = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        result = math.nan
    if not math.isfinite(result):
        raise TrialFailedError(
            f"A trial's objective must be a finite number, but trial {number} of {name!r} got {value!r}. "
            f"Tell the trial as failed."
        )
    return result


def _finite_metrics(number: int, metrics: Mapping[str, float]) -> dict[str, float]:
    for name, value in metrics.items():
        if not math.isfinite(value):
            logger.warning("Metric %r of trial %d is %s and is left out of the study.", name, number, value)
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
