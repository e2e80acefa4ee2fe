"""Parameters of a search: of one space, or of several, of which each trial has one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_hpo.core.space.parameter import AnyParameter, Categorical, same
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.names import fitting
from airflow_hpo.importers.sklearn.ranges import values_of
from airflow_hpo.importers.sklearn.run import Search, Thing, said
from airflow_hpo.importers.weights import are_numbers, weighted

_LONGEST = 40
_SELECTOR = "space"


@dataclass(slots=True)
class Choices:
    """Choices of one parameter: what they are called here, and what each is in the file."""

    names: list[Any]
    values: list[Any]
    positions: list[int]
    """Where each stands in the file's list."""
    weights: list[float] | None = None

    @property
    def are_plain(self) -> bool:
        """Whether each is called what it is."""
        return all(name is value for name, value in zip(self.names, self.values))


@dataclass(slots=True)
class Space:
    """What is searched, and how the arguments of the estimator are found in it."""

    findings: Findings
    parameters: dict[str, AnyParameter] = field(default_factory=dict)
    places: list[dict[str, str]] = field(default_factory=list)
    """Of each space of the search: by the estimator's name, the parameter."""
    choices: dict[str, Choices] = field(default_factory=dict)
    """Of the parameters whose choices are no plain values."""
    selector: str | None = None
    """The parameter that says which space a trial has."""
    selected: list[list[Any]] = field(default_factory=list)
    """The values of that parameter for each space."""
    is_made: bool = False
    """Whether that parameter is none of the estimator's."""

    @property
    def is_plain(self) -> bool:
        """Whether the parameters of a trial are the arguments as they are."""
        of_estimator = {name for place in self.places for name in place.items()}
        return not self.choices and not self.is_made and all(name == ours for name, ours in of_estimator)


def space_of(search: Search, findings: Findings) -> Space:
    """Return what is searched; what cannot be had is refused by its name."""
    space = Space(findings)
    at = search.space_argument
    if not search.spaces or not all(search.spaces):
        findings.refuse(
            at, "It is a mapping of names to values, or a list of them, none empty. Write {'C': [0.1, 1.0]}."
        )
        return space
    _check_names(search, findings)
    read = [_read(search, number, findings) for number in range(len(search.spaces))]
    if findings.refusals:
        return space
    if len(read) > 1:
        _select(space, read, may_be_uneven=search.kind == "GridSearchCV")
    for number, one in enumerate(read):
        space.places.append({})
        for name, values in one.items():
            _add(space, search, number, read, name, values)
    return space


def path_of(search: Search, number: int, name: str) -> str:
    """Return where a parameter stands in the source."""
    return f"{search.space_argument}[{number}].{name}" if search.is_list else f"{search.space_argument}.{name}"


def _check_names(search: Search, findings: Findings) -> None:
    """Refuse what the estimator does not take, as far as that is known before its parts are replaced."""
    if search.known is None:
        return
    given = {name for space in search.spaces for name in space}
    for number, space in enumerate(search.spaces):
        for name in space:
            parts = name.split("__")
            above = {"__".join(parts[:length]) for length in range(1, len(parts))}
            if name not in search.known and not above & given:
                findings.unknown(path_of(search, number, name), search.known)


_Read = AnyParameter | Choices


def _read(search: Search, number: int, findings: Findings) -> dict[str, _Read]:
    found: dict[str, _Read] = {}
    for name, values in search.spaces[number].items():
        path = path_of(search, number, name)
        try:
            made = values_of(values, search.kind == "BayesSearchCV", path, findings)
            if isinstance(made, list):
                found[name] = _choices(made, values.given.get("prior"), path, search.kind == "GridSearchCV", findings)
            elif made is not None:
                found[name] = made
        except (DeclarationError, ArithmeticError) as err:
            findings.refuse(path, str(err))
    return found


def _choices(items: list[Any], prior: Any, path: str, is_grid: bool, findings: Findings) -> Choices:
    names = _names(items)
    positions = [n for n in range(len(items)) if not any(same(names[n], names[before]) for before in range(n))]
    if is_grid and len(positions) < len(items):
        findings.differs(path, "A value that stands twice is tried once.", "study.space")
    if prior is not None and not (are_numbers(prior) and len(prior) == len(items)):
        findings.refuse(path, f"Its prior has a number for each choice, but got {said(prior)}. Leave it out.")
        prior = None
    each = [1.0] * len(items) if is_grid or prior is None else prior
    weights = [sum(w for w, name in zip(each, names) if same(name, names[n])) for n in positions]
    made = Choices(
        [names[n] for n in positions], [items[n] for n in positions], positions, None if is_grid else weights
    )
    weighted(made.names, made.weights)
    return made


def _names(items: list[Any]) -> list[Any]:
    """Return plain values as they are; among others, a text for each, or its number."""
    if all(each is None or isinstance(each, bool | int | float | str) for each in items):
        return items
    texts = [each.name if isinstance(each, Thing) else each if isinstance(each, str) else repr(each) for each in items]
    if len({*texts}) == len(texts) and all(0 < len(each) <= _LONGEST for each in texts):
        return texts
    return [str(number) for number in range(len(items))]


def _select(space: Space, read: list[dict[str, _Read]], may_be_uneven: bool) -> None:
    """Find the parameter that tells the spaces apart, or make one."""
    for name in read[0]:
        of_each = [one.get(name) for one in read]
        lists = [each.names for each in of_each if isinstance(each, Choices) and each.are_plain]
        values = [value for names in lists for value in names]
        is_apart = not any(same(a, b) for n, a in enumerate(values) for b in values[:n])
        if len(lists) == len(read) and is_apart and (may_be_uneven or len({*map(len, lists)}) == 1):
            space.selector, space.selected = name, lists
            space.parameters[fitting(name, [])] = Categorical(values)
            return
    space.selector, space.is_made = _SELECTOR, True
    space.selected = [[str(number)] for number in range(len(read))]
    space.parameters[_SELECTOR] = Categorical([str(number) for number in range(len(read))])


def _add(space: Space, search: Search, number: int, read: list[dict[str, _Read]], name: str, values: _Read) -> None:
    if name == space.selector and not space.is_made:
        space.places[number][name] = fitting(name, [])
        return
    path = path_of(search, number, name)
    alike = [each for each in range(len(read)) if name in read[each] and _is_same(read[each][name], values)]
    if alike[0] < number:
        space.places[number][name] = space.places[alike[0]][name]
        return
    is_known_before = any(name in place for place in space.places[:number])
    wanted = f"{name}_{number}" if is_known_before else name
    ours = fitting(wanted, list(space.parameters))
    when = None if len(alike) == len(read) else {str(space.selector): [v for n in alike for v in space.selected[n]]}
    try:
        space.parameters[ours] = _declared(values, when)
    except DeclarationError as err:
        space.findings.refuse(path, str(err))
        return
    space.places[number][name] = ours
    if isinstance(values, Choices) and not values.are_plain:
        space.choices[ours] = values
    if ours != name:
        space.findings.renamed(
            path,
            f"{name!r} is {ours!r} here, because a study has one parameter of a name.",
            f"study.space.{ours}",
        )


def _is_same(one: _Read, other: _Read) -> bool:
    if isinstance(one, Choices) and isinstance(other, Choices):
        is_alike = len(one.names) == len(other.names) and all(map(same, one.names, other.names))
        return one is other or (is_alike and one.are_plain and other.are_plain)
    return one == other


def _declared(values: _Read, when: Mapping[str, Any] | None) -> AnyParameter:
    one = weighted(values.names, values.weights) if isinstance(values, Choices) else values
    given = {name: getattr(one, name) for name in type(one).model_fields if name not in ("type", "when")}
    return type(one)(**given, when=when)
