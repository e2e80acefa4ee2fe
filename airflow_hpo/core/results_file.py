"""Results from elsewhere: a CSV file of points and values, as far as they are results of a study of today."""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.feasibility import Limits
from airflow_hpo.core.results_columns import ResultsColumns
from airflow_hpo.core.space.completion import completed
from airflow_hpo.core.space.constraint import breach
from airflow_hpo.core.space.space import Params
from airflow_hpo.core.space.typed import typed_point
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin, TrialRecord, TrialState
from airflow_hpo.exceptions import DeclarationError

SHOWN = 5
"""How many rows of a kind are named by number."""
FIRST_ROW = 2
"""Number of the row below the header, as spreadsheets count."""


class _LeftOutError(Exception):
    """What is wrong with a row: its kind, and what it is in this one."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail


@dataclass(slots=True)
class ResultsFile:
    """What a file holds for a study."""

    name: str
    """The file without its folder: what its results are marked with, as ``old.csv#2``."""
    trials: list[TrialRecord] = field(default_factory=list)
    """Those that are results of the study, numbered as the rows of a spreadsheet."""
    left_out: dict[str, dict[int, str]] = field(default_factory=dict)
    """The other rows by the kind of reason, each with its own."""
    not_read: list[str] = field(default_factory=list)
    """Columns that say nothing about a result."""

    def remarks(self) -> Iterator[str]:
        """Yield what was left out, one sentence a kind."""
        for kind, rows in self.left_out.items():
            first, detail = next(iter(rows.items()))
            numbers = ", ".join(map(str, list(rows)[:SHOWN])) + (", ..." if len(rows) > SHOWN else "")
            noun = "row is" if len(rows) == 1 else "rows are"
            yield f"{len(rows)} {noun} left out, because of {kind}: {numbers} (row {first}: {detail})."
        if self.not_read:
            yield f"Columns that are no parameter and no metric of the study are not read: {', '.join(self.not_read)}."


def results_of(path: str, study: Study) -> ResultsFile:
    """Return the results in a file, and what was left out; a file without any is refused."""
    header, *rows = _rows(path, study)
    columns = ResultsColumns.of(header, study)
    found = ResultsFile(Path(path).name, not_read=columns.not_read)
    points: dict[str, int] = {}
    for number, row in enumerate(rows, FIRST_ROW):
        if not any(cell.strip() for cell in row):
            continue
        try:
            trial = _trial(study, columns, number, row)
            if (first := points.setdefault(repr(trial.params), number)) != number:
                raise _LeftOutError("a point that an earlier row has", f"the same as row {first}")
        except _LeftOutError as error:
            found.left_out.setdefault(error.kind, {})[number] = error.detail
        else:
            found.trials.append(trial)
    if not found.trials:
        said = " ".join(found.remarks()) or "no row."
        raise DeclarationError(
            f"A file of results has at least one that fits the study, but got {path!r} with: {said} {_remedy(path, study)}"
        )
    return found


def _rows(path: str, study: Study) -> list[list[str]]:
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeError, csv.Error) as error:
        raise DeclarationError(
            f"A warm start takes results from a CSV file that its task can read, but got {path!r}: {error}. {_remedy(path, study)}"
        ) from error
    return rows or [[]]


def _remedy(path: str, study: Study) -> str:
    columns = [*study.space, study.objective.metric]
    return f"Write frame[{columns!r}].to_csv({path!r}, index=False)."


def _trial(study: Study, columns: ResultsColumns, number: int, row: list[str]) -> TrialRecord:
    """Return the result in a row, or raise why it is none."""
    if len(row) != len(columns.names):
        raise _LeftOutError(
            "another number of cells than the header has", f"{len(row)} instead of {len(columns.names)}"
        )
    if (state := columns.state(row)) != TrialState.COMPLETE:
        raise _LeftOutError("a state other than complete", brief_repr(state))
    if again := columns.replaced_by(row):
        raise _LeftOutError("another trial that ran them again", brief_repr(again))
    value = _number(study.objective.metric, columns.value(row))
    metrics = {name: _number(name, text) for name, text in columns.metrics(row).items()}
    trial = TrialRecord(
        number=number,
        state=TrialState.COMPLETE,
        params=_point(study, columns.params(row)),
        value=value,
        metrics=metrics,
        origin=Origin.WARM_START,
    )
    _check_limits(study, trial)
    return trial


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _LeftOutError("a metric that is no finite number", f"{name}={brief_repr(text)}")
    return value


def _point(study: Study, texts: Mapping[str, str]) -> Params:
    """Return a complete point of the space, which keeps the constraints between parameters."""
    space = study.space
    for name, text in texts.items():
        if name not in space:
            raise _LeftOutError("a parameter that the space has not", f"{name}={brief_repr(text)}")
    found = completed(
        space, typed_point(space, [f"{name}={text}" for name, text in texts.items()]), study.space_defaults
    )
    for name in found.lacking:
        raise _LeftOutError("a parameter without a value", name)
    for name, value in found.outside.items():
        raise _LeftOutError("a value outside the space", f"{name}={value!r}, outside {brief_repr(space[name])}")
    for name, value in found.left_out.items():
        raise _LeftOutError("a parameter with a condition that does not hold", f"{name}={value!r}")
    params = {name: space[name].canonical(value) for name, value in found.params.items()}
    if said := breach(study.parameter_constraints, params):
        raise _LeftOutError("a constraint that they break", said)
    return params


def _check_limits(study: Study, trial: TrialRecord) -> None:
    """Refuse a result that breaks a constraint on a metric; a point may be tried of which the metric is not known."""
    points = study.warm_start is not None and study.warm_start.mode == "points"
    limits = Limits.of(study.metric_constraints, [])
    for text, excess in limits.excesses(trial).items():
        if excess == math.inf and not points:
            raise _LeftOutError("a constraint on a metric that they do not have", text)
        if 0 < excess < math.inf:
            raise _LeftOutError("a constraint that they break", limits.breach(trial) or text)
