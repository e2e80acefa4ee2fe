"""Remedy of a wrong argument: the line of Python that the author meant, as far as what was given tells it."""

import difflib
import math
import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TIME = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|m|h|d|w)[a-z]*\s*", re.IGNORECASE)
_AN_EXAMPLE = {
    "int": "10",
    "float": "0.1",
    "bool": "True",
    "string": "'...'",
    "list": "[...]",
    "dict": "{'name': ...}",
    "time": "timedelta(hours=2)",
    "moment": "datetime(2026, 1, 1, tzinfo=UTC)",
}
_A_DECLARATION = {
    "Objective": "'loss'",
    "Sampler": "'tpe'",
    "Pruner": "'median'",
    "Guardrail": "Guardrail('minimize', margin=0.1)",
}
_OTHER_WORDS = {
    "max": "best",
    "min": "best",
    "maximum": "best",
    "minimum": "best",
    "percent": "relative",
    "average": "mean",
}
"""What others call it."""
_OTHER_ARGUMENTS = {
    "mode": "direction",
    "n_jobs": "parallelism",
    "n_workers": "parallelism",
    "concurrency": "parallelism",
    "budget": "max_trials",
    "parameters": "space",
    "search_space": "space",
    "params": "values",
    "confidence": "alpha",
    "regex": "filter",
    "pattern": "filter",
    "stop": "end",
    "to": "end",
}
"""What others call an argument."""
_KINDS = {
    "int_type": "int",
    "int_parsing": "int",
    "int_from_float": "int",
    "float_type": "float",
    "float_parsing": "float",
    "finite_number": "float",
    "bool_type": "bool",
    "string_type": "string",
    "list_type": "list",
    "dict_type": "dict",
    "time_delta_type": "time",
    "time_delta_parsing": "time",
    "timezone_aware": "moment",
    "datetime_type": "moment",
    "datetime_parsing": "moment",
    "datetime_from_date_parsing": "moment",
}
_BOUNDS = {"greater_than_equal": "ge", "less_than_equal": "le"}


def kind_of(error: str) -> str:
    """Return the kind of value that pydantic's type of an error asks for; the type itself where that is no kind of value."""
    return _KINDS.get(error, error)


def remedy(field: str, error: str, got: Any, context: Mapping[str, Any]) -> str:
    """Return the sentence that says what to write."""
    meant = _meant(error, got, context)
    if meant is None:
        return f"Give `{field}` another value." if field else "Write another one."
    return f"Write {field}={meant}." if field else f"Write {meant}."


def _meant(error: str, got: Any, context: Mapping[str, Any]) -> str | None:
    kind = _KINDS.get(error)
    if kind:
        return _of_kind(kind, got) or _AN_EXAMPLE[kind]
    if error in _BOUNDS:
        bound = context[_BOUNDS[error]]
        return _share(got) if error == "less_than_equal" and bound == 1 and _share(got) else str(bound)
    if error == "greater_than":
        return str(context["gt"] + 0.1)
    if error == "less_than":
        # Who writes alpha=0.95 means the confidence.
        return _share(got) or (f"{1 - got:g}" if is_number(got) and 0.5 < got < 1 else str(context["lt"] / 2))
    if error == "nested":
        return repr(str(got))
    if error == "scalar_type":
        return "None" if got != got else repr(getattr(got, "__name__", str(got)))
    if error == "string_too_short":
        return "'...'"
    if error in ("literal_error", "enum"):
        return repr(closest(got, re.findall(r"'([^']*)'", str(context["expected"]))))
    if error == "model_type":
        return _declaration(context["class_name"], got)
    return None


def _declaration(name: str, got: Any) -> str:
    if name == "Objective" and isinstance(got, list | tuple) and len(got) == 2 and got[1] in ("minimize", "maximize"):
        return f"Objective({got[0]!r}, direction={got[1]!r})"
    if name == "Objective" and isinstance(got, list | tuple) and len(got) > 1 and all(isinstance(m, str) for m in got):
        return f"Objective({got[0]!r}, extra_metrics={list(got[1:])!r})"
    if name == "Pruner" and got is False:
        return "'none'"
    if name == "Guardrail" and is_number(got) and got > 0:
        return f"Guardrail('minimize', margin={got!r})"
    return _A_DECLARATION.get(name, f"{name}(...)" if name != "WarmStart" else "WarmStart()")


def _share(got: Any) -> str | None:
    """Return a number of per cent as a share; None where it can be none."""
    return f"{got / 100:g}" if is_number(got) and 1 <= got <= 100 else None


def _of_kind(kind: str, got: Any) -> str | None:
    """Return what was given as that kind of value; None when it does not tell."""
    if kind in ("int", "float") and isinstance(got, str | float | int):
        return _number(kind, got)
    if kind == "bool" and isinstance(got, str | int):
        word = str(got).strip().lower()
        return (
            "True" if word in ("true", "yes", "on", "1") else "False" if word in ("false", "no", "off", "0") else None
        )
    if kind == "string" and isinstance(got, int | float):
        return repr(str(got))
    if kind == "list" and isinstance(got, str | int | float | dict):
        return repr([part.strip() for part in got.split(",")] if isinstance(got, str) else [got])
    if kind == "dict":
        return _mapping(got)
    if kind == "time" and isinstance(got, str):
        return _time(got)
    return None


def _mapping(got: Any) -> str | None:
    pairs = [got] if isinstance(got, tuple) else got
    if isinstance(pairs, list) and pairs and all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        return repr(dict(pairs))
    names = [got] if isinstance(got, str) else got
    if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
        return f"{{{names[0]!r}: ...}}"
    return None


def _number(kind: str, got: str | float) -> str | None:
    try:
        if isinstance(got, str) and got.strip().endswith("%"):
            got = float(got.strip().rstrip("%")) / 100
        number = float(got)
        if math.isinf(number):
            return str(math.copysign(1e6, number)) if kind == "float" else None
        return str(round(number)) if kind == "int" else str(float(str(got)))
    except (ValueError, OverflowError):
        return None


def _time(text: str) -> str | None:
    match = _TIME.fullmatch(text)
    if not match:
        return None
    number = float(match[1])
    return f"timedelta({_UNITS[match[2].lower()]}={number:g})"


def closest(got: Any, known: list[str]) -> str:
    """Return the known word that a wrong one stands for: one that begins like it, else the most similar, else the first."""
    word = str(got).strip().lower()
    begins = [_OTHER_WORDS[word]] if _OTHER_WORDS.get(word) in known else _begins(word, known)
    return (begins or difflib.get_close_matches(word, known, n=1, cutoff=0.4) or known)[0]


def _begins(word: str, known: list[str]) -> list[str]:
    return [each for each in known if word and (each.lower().startswith(word) or word.startswith(each.lower()))]


def called_elsewhere(argument: str) -> str | None:
    """Return what an argument is called here; None where it has no other name elsewhere."""
    return _OTHER_ARGUMENTS.get(argument)


def example_of(annotation: Any) -> str:
    """Return a value of the kind that a field has which was not given."""
    kinds = {int: "10", float: "0.1", str: "'...'", timedelta: "'-60d'", bool: "True"}
    kind = getattr(annotation, "__origin__", None)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return repr(str(next(iter(annotation))))
    return kinds.get(annotation) or ("{'name': ...}" if kind is dict else "[...]" if kind is list else "...")


def named(given: Any) -> str:
    """Return a name of letters, digits and ``. _ -`` that is as near as can be to one that cannot be."""
    name = re.sub(r"[^\w.-]+", "_", str(given)).strip("_.-")[:128]
    return name if name[:1].isalpha() else f"x{name}" if name else "x"


_PARAMETERS = {"Float": "Float(0.0, 1.0)", "Int": "Int(1, 10)", "Categorical": "Categorical(['a', 'b'])"}


def declared_parameter(declared: Any) -> str:
    """Return how a parameter is declared that was written in another way: a pair of bounds, a list, a number."""
    if isinstance(declared, tuple) and len(declared) == 2 and all(map(is_number, declared)):
        kind = "Int" if all(isinstance(bound, int) for bound in declared) else "Float"
        return f"{kind}({declared[0]!r}, {declared[1]!r})"
    if isinstance(declared, range) and len(declared) > 1:
        step = f", step={declared.step}" if declared.step != 1 else ""
        return f"Int({declared.start}, {declared[-1]}{step})"
    if isinstance(declared, list | tuple | set | frozenset):
        return f"Categorical({list(declared)!r})"
    if isinstance(declared, type) and declared.__name__ in _PARAMETERS:
        return _PARAMETERS[declared.__name__]
    if isinstance(declared, Mapping):
        bounds = [declared.get(name) for name in ("min", "max")]
        if all(map(is_number, bounds)):
            return declared_parameter(tuple(bounds))
        if isinstance(declared.get("values"), list | tuple):
            return f"Categorical({list(declared['values'])!r})"
    return _distribution(declared) or "{Float}, {Int} or {Categorical}".format(**_PARAMETERS)


def _distribution(declared: Any) -> str | None:
    """Return the parameter that is one of Optuna's distributions, recognised by its name."""
    kind = type(declared).__name__.removesuffix("Distribution")
    if kind == "Categorical":
        return f"Categorical({list(declared.choices)!r})"
    if kind not in ("Float", "Int"):
        return None
    log = ", log=True" if declared.log else ""
    step = f", step={declared.step}" if declared.step not in (None, 1) else ""
    return f"{kind}({declared.low!r}, {declared.high!r}{log}{step})"


def is_number(value: Any) -> bool:
    """Say whether a value is a number and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool)
