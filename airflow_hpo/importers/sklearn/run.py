"""Run of a file that has a search of scikit-learn: what the search was made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.importers.python_file import run

Place = tuple[int, int]
"""Where a call ends in the file: its last line and column."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something of the file that is no plain value, such as an estimator."""

    name: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Values:
    """What a search may give to one parameter: choices, or a distribution."""

    kind: str
    name: str
    items: list[Any]
    given: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """One search as the file made it."""

    kind: str
    spaces: list[dict[str, Values]]
    draws: list[Any]
    """How many points each space gets of its own; None where that is not said."""
    is_list: bool
    known: list[str] | None
    """What the estimator takes."""
    scores: list[str] | None
    """The names of several scores."""
    arguments: dict[str, Any]
    fitted: list[str] | None
    """What ``fit`` was given; None where it is not called."""
    made: Place | None
    fit: Place | None

    @property
    def space_argument(self) -> str:
        """What the space is called."""
        return {"GridSearchCV": "param_grid", "BayesSearchCV": "search_spaces"}.get(self.kind, "param_distributions")


def search_of(text: str | bytes, folder: str) -> Search | None:
    """Run a file in a folder, and return its search; None where it has none."""
    found = run(text, "scikit-learn", "airflow_hpo.importers.sklearn.stand_in", folder)
    if found["search"] is None:
        return None
    spaces = found["spaces"] or []
    return Search(
        kind=found["search"],
        spaces=[{name: _values(each) for name, each in space["parameters"].items()} for space in spaces],
        draws=[space["draws"] for space in spaces],
        is_list=found["is_list"],
        known=found["known"],
        scores=found["scores"],
        arguments={name: _value(each) for name, each in found["arguments"].items()},
        fitted=found["fitted"],
        made=_place(found["made"]),
        fit=_place(found["fit"]),
    )


def said(value: Any) -> str:
    """Return a value as a message shows it."""
    return value.name if isinstance(value, Thing) else brief_repr(value)


def _place(given: list[int] | None) -> Place | None:
    if given is None:
        return None
    line, column = given
    return line, column


def _values(row: dict[str, Any]) -> Values:
    if row["kind"] == "other":
        return Values("other", said(_value(row)), [], {})
    given = {name: _value(each) for name, each in row.get("given", {}).items()}
    return Values(row["kind"], row.get("name", ""), [*map(_value, row["items"])], given)


def _value(leaf: dict[str, Any]) -> Any:
    return Thing(leaf["object"], leaf["facts"]) if "object" in leaf else _plain(leaf["value"])


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [*map(_plain, value)]
    if isinstance(value, dict):
        return (
            tuple(map(_plain, value["tuple"]))
            if "tuple" in value
            else {_plain(name): _plain(each) for name, each in value["dict"]}
        )
    return value
