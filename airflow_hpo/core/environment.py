"""Environment variables: the form of names and values that a program reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airflow_hpo.core.parameter import Choice

PARAMETER = "HPO_PARAM_"
"""Start of the variables that give a program its parameters."""


def as_text(value: Choice) -> str:
    """Return a value as a program reads it: ``true``/``false`` for booleans, nothing for None."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def variable(name: str) -> str:
    """Return a name as part of an environment variable: upper case, other characters as underscores."""
    return "".join(c if c.isalnum() else "_" for c in name).upper()


def parameter_variables(params: Mapping[str, Choice]) -> dict[str, str]:
    """Return the variables that give a program one parameter each."""
    return {f"{PARAMETER}{variable(name)}": as_text(value) for name, value in params.items()}


def unbuffered(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Python prints at once, unless it says otherwise itself: buffered metrics come at the end."""
    return {"PYTHONUNBUFFERED": "1", **environment}


def refuse_clash(names: Iterable[str]) -> None:
    """Raise when two parameters would be the same environment variable."""
    if pair := clash(names):
        raise ValueError(
            f"Parameters must differ as environment variables, but got {pair[0]!r} and {pair[1]!r}, "
            f"both {PARAMETER}{variable(pair[1])}. Rename one."
        )


def clash(names: Iterable[str]) -> tuple[str, str] | None:
    """Return two names that would be the same environment variable; None when all differ."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(variable(name), name)
        if other != name:
            return other, name
    return None
