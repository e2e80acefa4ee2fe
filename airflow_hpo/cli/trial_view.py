"""View of one trial for a terminal, its curves drawn in one line of text."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from airflow_hpo.cli.trial_data import curves, log_url, shown_time
from airflow_hpo.core.attempt import Attempt, TaskRun
from airflow_hpo.core.trial import brief
from airflow_hpo.core.trial_details import TrialDetails
from airflow_hpo.core.waiting import Waiting
from airflow_hpo.trials.rows import state_of

TAIL_LINES = 10
"""Lines of a log that are shown."""

WIDTH = 16
"""Characters of a drawing at most."""
LEVELS = "▁▂▃▄▅▆▇█"
NO_NUMBER = "!"
"""Stands for NaN and for infinities."""


def show_on(console: Console, trial: TrialDetails) -> None:
    """Print a trial for people."""
    for line in _about(trial):
        console.print(line, soft_wrap=True)
    long = _show_attempts(console, trial)
    for name, each in trial.simulations.items():
        result = f", {each.metric} = {each.record.value}" if each.record.value is not None else ""
        console.print()
        console.print(f"Scenario {name}: {state_of(each.record)}{result}", soft_wrap=True)
        long |= _show_attempts(console, each)
    if long:
        console.print()
        console.print(f"A curve shows {WIDTH} values at most; -o csv has all that are kept.", soft_wrap=True)


def _show_attempts(console: Console, trial: TrialDetails) -> bool:
    """Print the attempts of a trial or of a simulation; return whether a curve had more values than are shown."""
    long = False
    for attempt in trial.attempts:
        console.print()
        for line in _about_attempt(attempt):
            console.print(line, soft_wrap=True)
        found = curves(trial, attempt.attempt)
        if found:
            console.print(_table(found))
        long |= any(len(curve) > WIDTH for curve in found.values())
    return long


def _about(trial: TrialDetails) -> Iterator[str]:
    record = trial.record
    result = f", {trial.metric} = {record.value}" if record.value is not None else ""
    yield f"{trial.edition}  trial {record.number}: {state_of(record)}{result}"
    if record.invalid is not None:
        yield record.why_invalid
    if trial.breaks:
        yield f"It is infeasible: it breaks {trial.breaks}."
    if record.replaces is not None:
        yield f"It ran trial {record.replaces} again."
    if trial.replaced_by is not None:
        yield f"Trial {trial.replaced_by} ran it again, and counts in its place."
    if trial.slot is not None:
        yield f"slot {trial.slot}"
    yield from _pairs("parameters", record.params)
    yield from _pairs("extra metrics", record.metrics)
    if record.source:
        yield f"Its result was {record.known or f'taken over from {record.source}'}, and is not measured again."
    elif not trial.attempts and not any(each.attempts for each in trial.simulations.values()):
        yield "No task has begun it."


def _about_attempt(attempt: Attempt) -> Iterator[str]:
    kind = f" ({attempt.kind.value})" if attempt.kind else ""
    code = f", exit code {attempt.exit_code}" if attempt.exit_code is not None else ""
    state = "waiting" if attempt.finished is None and attempt.waits_for else attempt.outcome.value
    yield f"Attempt {attempt.attempt}: {state}{kind}{code}"
    yield from _said(attempt)
    yield f"  from {shown_time(attempt.started)} {_until(attempt)}"
    if phases := [f"{phase} {brief(seconds)} s" for phase, seconds in (attempt.seconds or {}).items()]:
        yield f"  {', '.join(phases)}"
    if spans := sorted(attempt.remarks.spans.items(), key=lambda span: -span[1]):
        yield f"  of the program's time: {', '.join(f'{name} {brief(seconds)} s' for name, seconds in spans)}"
    place = ", ".join(f"{name} {value}" for name, value in attempt.placement.to_dict().items())
    yield f"  run as {attempt.backend}" + (f", {place}" if place else "")
    yield f"  {_task(attempt.task)}"
    if url := log_url(attempt.task):
        yield f"  log: {url}"
    for remark in attempt.remarks.sentences:
        yield f"  it says: {remark}"
    for problem in attempt.problems:
        yield f"  odd: {problem}"
    yield from _tail(attempt.log_tail)


def _said(attempt: Attempt) -> Iterator[str]:
    if attempt.ending:
        yield f"  Its pod is Terminating. {attempt.ending}"
        return
    if attempt.finished is None and attempt.waits_for:
        yield f"  It waits for {Waiting.of(attempt.waits_for).sentence}."
    if attempt.reason:
        yield f"  {attempt.reason}"
    elif attempt.verdict:
        yield f"  It would have been {attempt.verdict}."


def _tail(log_tail: str | None) -> Iterator[str]:
    lines = (log_tail or "").splitlines()
    if not lines:
        return
    more = f" (-o json has {len(lines)})" if len(lines) > TAIL_LINES else ""
    yield f"  last lines of its log{more}:"
    yield from (f"    {line}" for line in lines[-TAIL_LINES:])


def _task(task: TaskRun) -> str:
    index = f" [{task.map_index}]" if task.map_index >= 0 else ""
    return f"task {task.task_id}{index}, try {task.try_number}, run {task.run_id} of DAG {task.dag_id}"


def _until(attempt: Attempt) -> str:
    if attempt.finished is None:
        return "on"
    return f"to {shown_time(attempt.finished)} ({(attempt.finished - attempt.started).total_seconds():.1f} s)"


def _table(found: Mapping[str, Mapping[int, float]]) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="")
    for heading in ("  metric", "curve", "values", "first", "last", "lowest", "highest"):
        grid.add_column(heading, justify="left" if heading in ("  metric", "curve") else "right", overflow="fold")
    for metric, curve in found.items():
        grid.add_row(Text(f"  {metric}"), *_curve_cells(list(curve.values())))
    return grid


def _curve_cells(values: Sequence[float]) -> Iterator[Text]:
    finite = [value for value in values if math.isfinite(value)] or [math.nan]
    numbers = (values[0], values[-1], min(finite), max(finite))
    yield from (Text(cell) for cell in (sparkline(values), str(len(values)), *map(brief, numbers)))


def _pairs(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    if values:
        yield f"{title}:"
        yield from (f"  {name} = {value}" for name, value in values.items())


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Return values as a line of bars, from the lowest to the highest; of more than ``width`` evenly spaced ones."""
    shown = thinned(values, width)
    finite = [value for value in shown if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    return "".join(_bar(value, low, high) for value in shown)


def thinned(values: Sequence[float], width: int) -> list[float]:
    """Return at most ``width`` values, evenly spaced, the first and the last among them."""
    if len(values) <= width:
        return list(values)
    return [values[round(i * (len(values) - 1) / (width - 1))] for i in range(width)]


def _bar(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return NO_NUMBER
    if low == high:
        return LEVELS[0]
    # Halves, because the difference of two huge values may overflow.
    share = (value / 2 - low / 2) / (high / 2 - low / 2)
    return LEVELS[round(share * (len(LEVELS) - 1))]
