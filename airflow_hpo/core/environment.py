"""Environment variables: the form of names and values that a program reads."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.names import ascii_form
from airflow_hpo.core.space.parameter import Categorical, Choice, Parameter
from airflow_hpo.exceptions import DeclarationError

PARAMETER = "HPO_PARAM_"
"""Start of the variables that give a program its parameters."""


def as_text(value: Any) -> str:
    """Return a value as a program reads it: ``true``/``false`` for booleans, nothing for None."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_variable(argument: str, name: str, value: Any) -> str:
    """Return the value of an author's variable or label as text; what is no text, path, number, boolean or None is refused."""
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    if value is None or isinstance(value, str | bool | int | float):
        return as_text(value)
    # Not quoted: variables are where passwords stand.
    raise DeclarationError(
        f"A value in `{argument}` is text, a number, a boolean or None, but got {name!r}: a {type(value).__name__}. "
        f'Write it as text, for example `"{name}": json.dumps(...)`.'
    )


def as_variables(argument: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an author's variables as text; what only a task resolves, such as the output of another one, stays."""
    if not isinstance(given, Mapping):
        meant = (
            dict(each.split("=", 1) for each in given if isinstance(each, str) and "=" in each)
            if isinstance(given, list | tuple)
            else {}
        )
        raise DeclarationError(
            f"`{argument}` is a mapping of variables to values, but got {brief_repr(given)}. Write {argument}={meant or {'NAME': 'value'}!r}."
        )
    for name in given:
        if not isinstance(name, str) or not name or set(name) & {"=", "\0"}:
            raise DeclarationError(
                f"A name in `{argument}` is text without '=', but got {name!r}. Write {argument}={{'NAME': 'value'}}."
            )
    return {
        name: value if _is_reference(value) else as_variable(argument, name, value) for name, value in given.items()
    }


def same_text(space: Mapping[str, Parameter]) -> list[str]:
    """Return what is wrong with choices that are one text for a program, a sentence for each parameter that has some."""
    return [
        sentence for name, one in space.items() if isinstance(one, Categorical) for sentence in _same_text(name, one)
    ]


def _same_text(name: str, parameter: Categorical) -> Iterable[str]:
    seen: dict[str, Choice] = {}
    for choice in parameter.choices:
        text = as_text(choice)
        if text in seen:
            yield (
                f"A program gets its parameters as text and cannot tell {seen[text]!r} from {choice!r}, but got both as "
                f"choices of {name!r}. Drop one of them, or run the trial as a PythonTrial."
            )
            return
        seen[text] = choice


def _is_reference(value: Any) -> bool:
    return hasattr(value, "iter_references") and hasattr(value, "resolve")


def variable(name: str) -> str:
    """Return a name as part of an environment variable: in ASCII, upper case, other characters as underscores."""
    return "".join(c if c.isalnum() else "_" for c in ascii_form(name)).upper()


def parameter_variable(name: str) -> str:
    """Return the variable that gives a program one parameter, in ASCII."""
    return PARAMETER + variable(name)


def parameter_variables(params: Mapping[str, Choice]) -> dict[str, str]:
    """Return the variables that give a program its parameters: all of them as JSON, and one each."""
    each = {parameter_variable(name): as_text(value) for name, value in params.items()}
    return {"HPO_PARAMS": json.dumps(dict(params)), **each}


def unbuffered(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Python prints at once, unless it says otherwise itself: buffered metrics come at the end."""
    return {"PYTHONUNBUFFERED": "1", **environment}


def refuse_clash(names: Iterable[str]) -> None:
    """Raise when two parameters would be the same environment variable."""
    if pair := clash(names, parameter_variable):
        raise ValueError(
            f"Parameters must differ as environment variables, but got {pair[0]!r} and {pair[1]!r}, "
            f"both {parameter_variable(pair[1])}. Rename one."
        )


def clash(names: Iterable[str], form: Callable[[str], str] = variable) -> tuple[str, str] | None:
    """Return two names that would be the same environment variable; None when all differ."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(form(name), name)
        if other != name:
            return other, name
    return None
