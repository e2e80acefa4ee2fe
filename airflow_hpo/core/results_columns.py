"""Columns of a file of results: those of a plain table, of Optuna's ``trials_dataframe`` and of an export of trials."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from airflow_hpo.core.names import one_spelling
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialState
from airflow_hpo.exceptions import DeclarationError

PARAMETER = ("params_", "params.")
"""What the columns of parameters begin with in a frame of Optuna, and in an export of ours."""
METRIC = ("metrics.", "user_attrs_")
"""The same of metrics."""


@dataclass(frozen=True, slots=True)
class ResultsColumns:
    """Where in a row what is."""

    names: list[str]
    """All columns."""
    value_at: int
    parameters: dict[str, int]
    extra: dict[str, int]
    state_at: int | None
    replaced_at: int | None
    not_read: list[str]
    """Columns beside those of a frame with marked parameters."""

    @classmethod
    def of(cls, header: Sequence[str], study: Study) -> Self:
        """Tell from the names; where parameters are marked as such, other columns are none."""
        names = [one_spelling(name.strip()) for name in header]
        for name in names:
            if names.count(name) > 1:
                raise DeclarationError(
                    f"A file of results has each column once, but got {name!r} twice. Write frame.drop(columns=[{name!r}])."
                )
        marked = any(name.startswith(PARAMETER) for name in names)
        value = _value_column(names, study, marked=marked)
        extra = {
            metric: names.index(name)
            for metric in study.objective.extra_metrics
            for name in (metric, *(f"{prefix}{metric}" for prefix in METRIC))
            if name in names and (marked or name not in study.space)
        }
        own = [value, *(names[at] for at in extra.values())]
        flags = [name for name in ("state", "replaced_by") if name in names and (marked or name not in study.space)]
        parameters = dict(_parameters(names, marked=marked, others=[*own, *flags]))
        read = {*own, *flags, *(names[at] for at in parameters.values())}
        state_at, replaced_at = (names.index(name) if name in flags else None for name in ("state", "replaced_by"))
        not_read = [name for name in names if name not in read]
        return cls(names, names.index(value), parameters, extra, state_at, replaced_at, not_read)

    def state(self, row: Sequence[str]) -> str:
        """Return the state of a row's trial in small letters; that of a file without states is complete."""
        return TrialState.COMPLETE.value if self.state_at is None else row[self.state_at].strip().lower()

    def replaced_by(self, row: Sequence[str]) -> str:
        """Return the trial that ran it again; empty for none."""
        return "" if self.replaced_at is None else row[self.replaced_at].strip()

    def value(self, row: Sequence[str]) -> str:
        """Return the objective as it is written."""
        return row[self.value_at].strip()

    def params(self, row: Sequence[str]) -> dict[str, str]:
        """Return the parameters that have a value, as they are written."""
        return {name: text for name, at in self.parameters.items() if (text := row[at].strip())}

    def metrics(self, row: Sequence[str]) -> dict[str, str]:
        """Return the extra metrics that have a value, as they are written."""
        return {name: text for name, at in self.extra.items() if (text := row[at].strip())}


def _value_column(names: Sequence[str], study: Study, *, marked: bool) -> str:
    metric = study.objective.metric
    for name in (metric, f"metrics.{metric}", "value"):
        if name in names and (marked or name not in study.space):
            return name
    raise DeclarationError(
        f"A file of results has a column {metric!r}, or 'value', with the objective, but got the columns {list(names)!r}. "
        f"Write frame.rename(columns={{'...': {metric!r}}})."
    )


def _parameters(names: Sequence[str], *, marked: bool, others: Sequence[str]) -> Iterator[tuple[str, int]]:
    for at, name in enumerate(names):
        prefix = next((each for each in PARAMETER if name.startswith(each)), None)
        if prefix is not None:
            yield name.removeprefix(prefix), at
        elif not marked and name and name not in others:
            yield name, at
