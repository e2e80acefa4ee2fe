"""Parameters of a Hyperopt space: where each stands, when it exists, and what its distribution is here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Choice
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.hyperopt.branches import names_of
from airflow_hpo.importers.hyperopt.conditions import Branches, condition_of
from airflow_hpo.importers.hyperopt.ranges import range_of
from airflow_hpo.importers.hyperopt.run import Declared, Row
from airflow_hpo.importers.names import fitting
from airflow_hpo.importers.weights import weighted

_ROOT = -1
_CONTAINERS = ("dict", "list", "tuple", "call")


@dataclass(slots=True)
class Space:
    """What is searched, and how each parameter of Hyperopt is found in it; by row."""

    declared: Declared
    findings: Findings
    parameters: dict[str, AnyParameter] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    branches: dict[int, list[str]] = field(default_factory=dict)
    """Of the choices among more than plain values: what the branches are called."""
    edges: dict[int, Branches] = field(default_factory=dict)
    """In which branches of which choices each stands."""
    is_whole: dict[int, bool] = field(default_factory=dict)
    """Whether a parameter stands in ``scope.int`` everywhere."""

    def row(self, place: int) -> Row:
        """Return one row of the declaration."""
        return self.declared.rows[place]

    def is_int(self, place: int) -> bool:
        """Say whether a parameter is a whole number here."""
        parameter = self.parameters[self.names[place]]
        return parameter.type == "int" or getattr(parameter, "integer", False)

    def choices(self, place: int) -> list[Choice]:
        """Return the values that a choice has here, in the order of the source."""
        return [*(self.branches.get(place) or map(self.declared.plain, self.row(place)["items"]))]

    def by_label(self) -> dict[str, int]:
        """Return the parameters by their labels."""
        return {self.row(place)["name"]: place for place in self.names}


def space_of(declared: Declared, root: int, findings: Findings) -> Space:
    """Return what is searched; what cannot be had is refused by its label."""
    space = Space(declared, findings)
    _walk(space, root, (_ROOT, 0), in_int=False)
    _refuse_labels_twice(space)
    counts = {place: len(space.row(place)["items"]) for place in space.edges if space.row(place)["kind"] == "choice"}
    waiting = {place: condition_of(place, space.edges, counts, _ROOT) for place in space.edges}
    while waiting:
        # In their order, but choices before what waits for them.
        place = next(each for each in waiting if waiting[each].keys().isdisjoint(waiting))
        _add(space, place, waiting.pop(place))
    if not space.edges and not findings.refusals:
        findings.refuse("space", "It has no parameter. Write space = {'lr': hp.uniform('lr', 0, 1)}.")
    return space


def _walk(space: Space, place: int, above: tuple[int, int], in_int: bool) -> None:
    """Note where parameters stand: in which branch of which choice, and whether they are made whole."""
    row = space.row(place)
    kind = row["kind"]
    if kind in _CONTAINERS:
        for each in row["items"]:
            _walk(space, each, above, in_int=kind == "call" and row["name"] == "int")
        return
    if kind == "constant":
        return
    if kind in ("object", "marker"):
        space.findings.refuse(
            _label_above(space, above),
            f"It has {row['name']!r}, which is an object. Write its name, and look it up in the objective.",
        )
        return
    is_new = place not in space.edges
    space.edges.setdefault(place, {}).setdefault(above[0], set()).add(above[1])
    space.is_whole[place] = in_int and space.is_whole.get(place, True)
    if is_new and kind == "choice":
        for number, each in enumerate(row["items"]):
            _walk(space, each, (place, number), in_int=False)


def _label_above(space: Space, above: tuple[int, int]) -> str:
    return "space" if above[0] == _ROOT else str(space.row(above[0])["name"])


def _refuse_labels_twice(space: Space) -> None:
    seen: set[str] = set()
    for place in space.edges:
        label = space.row(place)["name"]
        if label in seen:
            space.findings.refuse(
                label,
                f"Two parameters have the label {label!r}. Write another label for one, or use one parameter twice.",
            )
        seen.add(label)


def _add(space: Space, place: int, when: Branches) -> None:
    row = space.row(place)
    label = row["name"]
    try:
        made = (
            _choice(space, place) if row["kind"] == "choice" else range_of(row, space.is_whole[place], space.findings)
        )
        if made is None:
            return
        named = [*_conditions(space, when)]
        name = fitting(label, list(space.parameters))
        space.parameters[name] = type(made)(**{**_given(made), "when": named or None})
    except (DeclarationError, ArithmeticError) as err:
        space.findings.refuse(label, str(err))
        return
    space.names[place] = name
    if name != label:
        space.findings.renamed(
            label, f"{label!r} is {name!r} here: names have no blanks and other signs.", f"study.space.{name}"
        )


def _given(made: AnyParameter) -> dict[str, Any]:
    return {name: getattr(made, name) for name in type(made).model_fields if name not in ("type", "when")}


def _conditions(space: Space, when: Branches) -> Iterator[Mapping[str, list[Choice]]]:
    for choice, numbers in when.items():
        if choice in space.names:  # else it was refused, and so is the file
            choices = space.choices(choice)
            yield {space.names[choice]: [choices[number] for number in sorted(numbers)]}


def _choice(space: Space, place: int) -> Categorical:
    row = space.row(place)
    if any(space.row(each)["kind"] != "constant" for each in row["items"]):
        space.branches[place] = names_of(space.declared, row["items"])
    return weighted(space.choices(place), row["weights"])
