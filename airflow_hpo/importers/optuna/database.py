"""Rows of one study in an SQLite database of Optuna, which is opened for reading alone."""

import json
import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from airflow_hpo.exceptions import DeclarationError

MOST_TRIALS = 100_000
OPERATIONS, MOST_STEPS = 1_000_000, 500
"""SQLite is asked to stop after so many operations, so often: a file may have views without an end."""
_OF_TRIALS = "SELECT trial_id FROM trials WHERE study_id = ?"
_ATTRIBUTES = ("fixed_params", "search_space", "constraints")
HEADER = b"SQLite format 3\0"


class BrokenDatabaseError(ValueError):
    """A value that Optuna does not write."""


@dataclass(slots=True)
class Trial:
    """One trial: its parameters as Optuna keeps them, numbers with their distributions."""

    number: int
    state: str
    params: dict[str, tuple[float, str]] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    value: float | None = None


@dataclass(slots=True)
class StudyRows:
    """One study as its database has it."""

    name: str
    directions: list[str]
    metric_names: list[str]
    user_attributes: list[str]
    trials: list[Trial]
    has_curves: bool

    @property
    def with_params(self) -> list[Trial]:
        """The trials by which the space is read: complete ones, as others may have ended before they had all parameters."""
        complete = [each for each in self.trials if each.state == "COMPLETE" and each.params]
        return complete or [each for each in self.trials if each.params]


class Database:
    """An open database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Open a file, and tell what is wrong with it."""
        connection = None
        try:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            connection.execute("PRAGMA trusted_schema = OFF")
            left = iter(range(MOST_STEPS))
            connection.set_progress_handler(lambda: next(left, None) is None, OPERATIONS)
            yield cls(connection)
        except (sqlite3.Error, BrokenDatabaseError, UnicodeError, RecursionError) as err:
            raise DeclarationError(
                f"A study is read from an SQLite database that Optuna 3 or later wrote, but got {str(path)!r}: {err}. "
                "Give the file of storage='sqlite:///study.db'; one of an earlier Optuna after: optuna storage upgrade."
            ) from None
        finally:
            if connection is not None:
                connection.close()

    def studies(self) -> dict[str, int]:
        """Return the studies by name."""
        return {
            _text(name): number
            for number, name in self._rows("SELECT study_id, study_name FROM studies ORDER BY study_id")
        }

    def study(self, name: str, number: int) -> StudyRows:
        """Return all of one study."""
        directions = self._rows("SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective", number)
        attributes = dict(self._rows("SELECT key, value_json FROM study_system_attributes WHERE study_id = ?", number))
        names = _json(attributes.get("study:metric_names", "[]"))
        users = self._rows("SELECT key FROM study_user_attributes WHERE study_id = ? ORDER BY 1", number)
        curves = f"SELECT 1 FROM trial_intermediate_values WHERE trial_id IN ({_OF_TRIALS}) LIMIT 1"
        return StudyRows(
            name=name,
            directions=[_text(each) for (each,) in directions],
            metric_names=[*map(_text, names)] if isinstance(names, list) else [],
            user_attributes=[_text(each) for (each,) in users],
            trials=self._trials(number),
            has_curves=bool(self._rows(curves, number)),
        )

    def _trials(self, study: int) -> list[Trial]:
        rows = self._rows(
            f"SELECT trial_id, number, state FROM trials WHERE study_id = ? ORDER BY number LIMIT {MOST_TRIALS + 1}",
            study,
        )
        if len(rows) > MOST_TRIALS:
            raise BrokenDatabaseError(f"more than {MOST_TRIALS:,} trials")
        found = {trial: Trial(int(_number(number)), _text(state)) for trial, number, state in rows}
        params = "SELECT trial_id, param_name, param_value, distribution_json FROM trial_params"
        for trial, name, value, kind in self._rows(
            f"{params} WHERE trial_id IN ({_OF_TRIALS}) ORDER BY param_id", study
        ):
            found[trial].params[_text(name)] = (_number(value), _text(kind))
        values = f"SELECT trial_id, value FROM trial_values WHERE objective = 0 AND trial_id IN ({_OF_TRIALS})"
        for trial, value in self._rows(values, study):
            found[trial].value = value if isinstance(value, int | float) and math.isfinite(value) else None
        attributes = f"SELECT trial_id, key, value_json FROM trial_system_attributes WHERE trial_id IN ({_OF_TRIALS})"
        for trial, key, value in self._rows(attributes, study):
            if key in _ATTRIBUTES:
                found[trial].attributes[key] = _json(value)
        return [*found.values()]

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        return self._connection.execute(statement, values).fetchall()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BrokenDatabaseError(f"no text, but {str(value)[:40]!r}")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise BrokenDatabaseError(f"no number, but {str(value)[:40]!r}")
    return value


def _json(value: Any) -> Any:
    try:
        return json.loads(_text(value))
    except json.JSONDecodeError as err:
        raise BrokenDatabaseError(f"no JSON: {err}") from None
