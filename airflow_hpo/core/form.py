"""Form of a run: what a person may choose for it when it is triggered, and the study that comes of the choices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.environment import as_text
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.sampler_class import is_class
from airflow_hpo.core.sampler_options import SAMPLERS
from airflow_hpo.core.settings import SETTINGS, changed, shown_setting, typed_setting, with_settings
from airflow_hpo.core.space import grid
from airflow_hpo.core.space.condition import Between, Condition
from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Float, Int, nearest_value, value_within
from airflow_hpo.core.space.space import Space
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError


@dataclass(frozen=True, slots=True)
class Asked:
    """What a DAG run starts with."""

    study: Study
    """The study as the run was triggered with it."""
    layout: Layout | None
    by: str
    """Who triggered it, for the audit of what differs from the file."""
    windows: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Windows that differ from the file, by their fields: as declared and as they are."""


RANGE = "space."
"""Begins the names of fields that are about a parameter."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field."""

    default: Any
    """What is declared, as JSON has it."""
    title: str
    description: str
    schema: Mapping[str, Any]
    """What is allowed, as a JSON schema."""


def fields(study: Study, layout: Layout, *, ranges: bool) -> dict[str, Field]:
    """Return the fields by name: the settings of a study, and the ranges of its parameters where these may be narrowed."""
    largest, samplers = (
        layout.largest(study),
        [name for name in SAMPLERS if name != "grid" or grid.countable(study.space)],
    )
    if is_class(study.sampler.name):
        samplers.append(study.sampler.name)
    found = {
        "max_trials": Field(
            study.wanted,
            "Trials",
            f"How many trials the study wants; its tasks were laid out for {largest} at most.",
            {"type": "integer", "minimum": 1, "maximum": largest},
        ),
        "parallelism": Field(
            study.simulations_at_once,
            "At once",
            f"How many {'simulations' if study.scenarios else 'of them'} run at once; {study.most_simulations} at most, which "
            "`max_parallelism` raises.",
            {
                "type": "integer",
                "minimum": min(study.simulations, study.most_simulations),
                "maximum": study.most_simulations,
            },
        ),
        "timeout": Field(
            _time_text(study.timeout),
            "Timeout",
            "No trial is suggested after this time of work: 90m, 12h, 2d, or seconds; empty for no limit.",
            {"type": ["null", "string"]},
        ),
        "sampler": Field(study.sampler.name, "Sampler", "How points are chosen.", {"type": "string", "enum": samplers}),
    }
    for name, parameter in study.space.items() if ranges else ():
        found |= {f"{RANGE}{name}{end}": field for end, field in _range_fields(name, parameter).items()}
    return found


def _range_fields(name: str, parameter: AnyParameter) -> dict[str, Field]:
    if isinstance(parameter, Categorical):
        texts = [as_text(choice) for choice in parameter.choices]
        return {"": Field(texts, name, "Which choices are tried.", {"type": "array", "examples": texts})}
    if isinstance(parameter, Normal | LogNormal):
        return {}  # it has no bounds that a person chose
    schema = {
        "type": "number" if isinstance(parameter.low, float) else "integer",
        "minimum": parameter.low,
        "maximum": parameter.high,
    }
    inside = f"inside {shown_setting(parameter)}, which is declared."
    return {
        ".low": Field(parameter.low, f"{name} from", f"Smallest value of {name}, {inside}", schema),
        ".high": Field(parameter.high, f"{name} to", f"Largest value of {name}, {inside}", schema),
    }


def formed(file: Study, layout: Layout, given: Mapping[str, Any], *, ranges: bool) -> Study:
    """Return the study of a run that was triggered with some values; those that are as declared change nothing.

    :raises DeclarationError: when a name is none of the form's, or a value is not possible.
    """
    known = fields(file, layout, ranges=ranges)
    for name in given:
        if name not in known:
            hint = nearest(name, list(known)) or f" It has {', '.join(known)}."
            raise DeclarationError(f"The form of {file.name!r} has no {name!r}.{hint}")
    # An empty field is as declared, but a timeout, which it takes away.
    filled = {name: value for name, value in given.items() if value is not None or name == "timeout"}
    chosen = {name: value for name, value in filled.items() if value != known[name].default}
    settings = {name: _setting(name, value) for name, value in chosen.items() if name in SETTINGS}
    if "sampler" in settings and file.max_trials is None:
        settings.setdefault("max_trials", file.wanted)
    new = changed(file, file, {name: value for name, value in settings.items() if value != _declared(file, name)})
    if chosen.keys() - settings:
        space = {name: _narrowed(name, parameter, chosen) for name, parameter in file.space.items()}
        new = with_settings(new, {"space": _with_conditions(space)})
    if new == file:
        return file
    if why := layout.refusal(new):
        raise DeclarationError(why)
    return Study.from_dict(new.to_dict())  # checked whole, because it is read so from now on


def _declared(file: Study, name: str) -> Any:
    shown = {"max_trials": file.wanted, "parallelism": file.simulations_at_once} if file.max_trials else {}
    return shown.get(name, getattr(file, name))


def _setting(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return typed_setting(name, value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return timedelta(seconds=value) if name == "timeout" and type(value) is int else value


def _narrowed(name: str, parameter: AnyParameter, chosen: Mapping[str, Any]) -> AnyParameter:
    if isinstance(parameter, Categorical):
        return _with_choices(name, parameter, chosen.get(f"{RANGE}{name}", parameter.choices))
    if isinstance(parameter, Normal | LogNormal):
        return parameter
    low, high = (_bound(name, parameter, end, chosen) for end in ("low", "high"))
    if low > high:
        raise DeclarationError(
            f"The range of a run has a value, but got {RANGE}{name}.low={low} above {RANGE}{name}.high={high}. Swap them."
        )
    return parameter.model_copy(update={"low": low, "high": high})


def _bound(name: str, parameter: Float | Int, end: str, chosen: Mapping[str, Any]) -> Any:
    value = chosen.get(f"{RANGE}{name}.{end}", getattr(parameter, end))
    # The highest value need not be on a step, as in the declaration.
    if value != getattr(parameter, end) and not parameter.holds(value):
        raise DeclarationError(
            f"The range of a run lies inside the declared one, but got {RANGE}{name}.{end}={brief_repr(value)}, and {name!r} is "
            f"{brief_repr(parameter)}. Take {nearest_value(parameter, value)!r}, or widen its file."
        )
    return parameter.canonical(value) if parameter.holds(value) else value


def _with_choices(name: str, parameter: Categorical, given: Any) -> Categorical:
    wanted = given if isinstance(given, list | tuple) else [given]
    texts = {text: choice for choice in parameter.choices for text in (as_text(choice), str(choice))}
    unknown = [each for each in wanted if each not in parameter.choices and str(each) not in texts]
    if unknown or not wanted:
        hint = nearest(str(unknown[0]), list(texts)) if unknown else ""
        raise DeclarationError(
            f"The choices of a run are some of those declared, but got {brief_repr(given)} for {name!r}, which has "
            f"{', '.join(map(str, parameter.choices))}.{hint or ' Take one of them.'}"
        )
    kept = [texts[str(each)] if each not in parameter.choices else each for each in wanted]
    places = [place for place, choice in enumerate(parameter.choices) if choice in kept]
    weights = [parameter.weights[place] for place in places] if parameter.weights else None
    return parameter.model_copy(update={"choices": [parameter.choices[place] for place in places], "weights": weights})


def _with_conditions(space: Space) -> Space:
    """Return the space with conditions of values that are left; a parameter for which none is left has no meaning."""
    found: Space = {}
    for name, parameter in space.items():
        left = [each for each in (_left(space, condition) for condition in parameter.conditions) if each]
        if parameter.conditions and not left:
            parents = ", ".join(f"{parent!r} {shown_setting(space[parent])}" for parent in sorted(parameter.parents))
            raise DeclarationError(
                f"A range leaves each condition a value, but {name!r} waits for {parameter.when!r}, and this run has {parents}. "
                "Leave one of them in."
            )
        found[name] = parameter.with_conditions(left) if left else parameter
    return found


def _left(space: Space, condition: Condition) -> Condition:
    """Return a condition with the values that are left; nothing where none is left of a parameter."""
    found: Condition = {}
    for parent, wanted in condition.items():
        declared = space[parent]
        if isinstance(wanted, Between):
            if isinstance(declared, Categorical) or value_within(declared, wanted) is None:
                return {}
            found[parent] = wanted
        elif values := [value for value in wanted if declared.holds(value)]:
            found[parent] = values
        else:
            return {}
    return found


def _time_text(time: timedelta | None) -> str | None:
    """Return a time as a person would type it."""
    if time is None:
        return None
    seconds = time.total_seconds()
    units = {"d": 86400, "h": 3600, "m": 60}
    return next((f"{seconds / size:.0f}{unit}" for unit, size in units.items() if seconds % size == 0), f"{seconds:g}")
