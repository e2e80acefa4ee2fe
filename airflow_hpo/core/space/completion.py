"""Parameters in use as a point of a space that has changed since: what is added, left out, missing and out of range."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.remedy import is_number
from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Choice, Params
from airflow_hpo.core.space.space import Space


@dataclass(frozen=True, slots=True)
class Completed:
    """Parameters as a study of today evaluates them."""

    params: Params
    added: Params
    """Those that were lacking and have a declared default."""
    left_out: Params
    """Those that the space has no longer, or of which the condition does not hold."""
    lacking: tuple[str, ...]
    """Those that have neither a value nor a default."""
    outside: Params
    """Those with a value that the space does not hold: they are evaluated, but are no point of a study."""


def completed(space: Space, params: Mapping[str, Choice], defaults: Mapping[str, Choice]) -> Completed:
    """Return parameters with the defaults of what they lack, and without what the space does not have."""
    found: Params = {}
    added: Params = {}
    lacking: list[str] = []
    for name, parameter in space.items():
        if not parameter.applies(found):
            continue
        if name in params:
            found[name] = params[name]
        elif name in defaults:
            found[name] = added[name] = defaults[name]
        else:
            lacking.append(name)
    left_out = {name: value for name, value in params.items() if name not in found}
    outside = {name: value for name, value in found.items() if not space[name].holds(value)}
    return Completed(found, added, left_out, tuple(lacking), outside)


def default_of(name: str, parameter: AnyParameter, value: Choice) -> Choice:
    """Return a declared default the way its parameter writes it; it may lie outside, as weight_decay=0 of a logarithmic one does."""
    if parameter.holds(value):
        return parameter.canonical(value)
    if not isinstance(parameter, Categorical) and not is_number(value):
        raise ValueError(
            f"A default is a number as its parameter is, but got space_defaults={{{name!r}: {brief_repr(value)}}} for "
            f"{brief_repr(parameter)}. Write space_defaults={{{name!r}: {parameter.low!r}}}."
        )
    return value


def changes(who: str, found: Completed, space: Space) -> Iterator[str]:
    """Yield what is to be said of parameters that do not fit the space as they are, one sentence a parameter."""
    for name, value in found.added.items():
        yield f"{who} has no {name!r}: it is compared with {name}={value!r} of space_defaults."
    for name, value in found.left_out.items():
        why = "its condition does not hold" if name in space else "the space has no such parameter"
        yield f"{who} has {name}={value!r}, but {why}: it is compared without it."
    for name, value in found.outside.items():
        yield f"{who} has {name}={value!r}, outside {brief_repr(space[name])}: it is compared as it is, and is no trial of the study."


def lacking_sentence(who: str, found: Completed, space: Space) -> str:
    """Return the sentence for parameters that have neither a value nor a default."""
    kinds = ", ".join(f"{name!r}, {brief_repr(space[name])}" for name in found.lacking)
    meant = {name: _example(space[name]) for name in found.lacking}
    return (
        f"A champion is compared with a value for each parameter of the space, but {who} has none for {kinds}. Write "
        f"space_defaults={meant!r} in Study(...), with the value that production uses in its place."
    )


def _example(parameter: AnyParameter) -> Choice:
    return parameter.choices[0] if isinstance(parameter, Categorical) else parameter.low
