"""Plain data of anything that an author passes to a trial, the same in every process: no address, no order of a set."""

import dataclasses
import enum
import functools
import hashlib
import inspect
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from pathlib import PurePath
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType
from typing import Any

from airflow_hpo.core.declared import Declared

_OF_A_DAG = re.compile(r"\Aunusual_prefix_[0-9a-f]+_")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def described(value: Any) -> Any:
    """Return JSON-able data that two values share only if they mean the same, as far as that can be seen.

    Of a function that is its source, its defaults and what it encloses; of an object of an author's own class its attributes;
    of another object what it prints, without addresses.
    """
    return _Description().of(value)


def without_addresses(text: str) -> str:
    """Return a text without the addresses that Python prints for objects, which differ from process to process."""
    return _ADDRESS.sub("", text)


class _Description:
    """One description; an object that comes again is looked into once."""

    def __init__(self) -> None:
        self._seen: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, enum.Enum)):
            return value
        if isinstance(value, Mapping):
            if all(isinstance(key, str) for key in value):
                return {str(key): self.of(item) for key, item in value.items()}
            return _ordered([self.of(key), self.of(item)] for key, item in value.items())
        if isinstance(value, list | tuple):
            return [self.of(item) for item in value]
        if isinstance(value, set | frozenset):
            return _ordered(map(self.of, value))
        if isinstance(value, type):
            return [_name(value), _source(value)]
        if isinstance(value, BuiltinFunctionType):
            return _name(value)
        return self._plain(value) or self._inside(value)

    def _plain(self, value: Any) -> Any:
        """Return an object that is a value, or is known by what it prints."""
        named = _name(type(value))
        if isinstance(value, enum.Enum):
            return [named, value.name, self.of(value.value)]
        if isinstance(value, date | time):
            return [named, value.isoformat()]
        if isinstance(value, PurePath):
            return [named, str(value)]
        if isinstance(value, bytes | bytearray):
            return [named, hashlib.sha256(value).hexdigest()]
        if hasattr(value, "dtype") and callable(getattr(value, "tobytes", None)):  # an array prints a part of itself
            return [named, str(value.dtype), hashlib.sha256(value.tobytes()).hexdigest()]
        if callable(value) or _is_open(value):
            return None
        return [named, without_addresses(repr(value))]

    def _inside(self, value: Any) -> Any:
        """Return what an object or a function consists of."""
        if id(value) in self._seen:
            return _name(type(value))
        # Kept, so that no other object gets its id.
        self._seen[id(value)] = value
        if isinstance(value, functools.partial):
            return ["partial", self.of(value.func), self.of(value.args), self.of(value.keywords)]
        if isinstance(value, MethodType):
            return ["method", self.of(value.__func__), self.of(value.__self__)]
        if isinstance(value, FunctionType):
            return ["function", _source(value) or self._code(value.__code__), *self._bound(value)]
        named = _name(type(value))
        if dataclasses.is_dataclass(value):
            return [
                named,
                {field.name: self.of(getattr(value, field.name, None)) for field in dataclasses.fields(value)},
            ]
        if _to_dict(value):
            # A field that is not set may be one that a later version of the class has brought.
            return [named, _without_none(self.of(value.to_dict()))]
        # What Airflow's objects hold, such as tasks that a function encloses, differs in ways that mean nothing.
        airflow = any(base.__module__.startswith("airflow.") for base in type(value).__mro__)
        known = {} if airflow else getattr(value, "__dict__", {})
        return [named, _source(type(value)), self.of(known)]

    def _bound(self, function: FunctionType) -> list[Any]:
        """Return what a function knows in addition to its source, where it knows any.

        Defaults, enclosed values, and the functions and classes of its own module that it names.
        """
        cells = zip(function.__code__.co_freevars, function.__closure__ or ())
        enclosed = {name: _undecorated(_content(cell)) for name, cell in cells}
        named = {name: _undecorated(function.__globals__.get(name)) for name in _names(function.__code__)}
        own = {name: value for name, value in named.items() if _is_of(value, function.__module__)}
        return [self.of(part) for part in (function.__defaults__, function.__kwdefaults__, enclosed, own) if part]

    def _code(self, code: CodeType) -> Any:
        """Return a function without a source, such as one that was made by ``eval``, by what Python made of it."""
        constants = [self._code(one) if isinstance(one, CodeType) else self.of(one) for one in code.co_consts]
        return [code.co_name, code.co_code.hex(), constants, list(code.co_names)]


def _is_open(value: Any) -> bool:
    """Whether an object's content is known better by its attributes than by what it prints."""
    return (
        dataclasses.is_dataclass(value) or _to_dict(value) or getattr(type(value), "__repr__", None) is object.__repr__
    )


def _to_dict(value: Any) -> bool:
    return hasattr(value, "openapi_types") or isinstance(value, Declared)


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # assigned later
        return None


def _names(code: CodeType) -> set[str]:
    inner = (_names(one) for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*inner)


def _undecorated(value: Any) -> Any:
    """Return the function of a task that a decorator of Airflow has made; anything else as it is."""
    function = getattr(value, "function", None)
    return function if isinstance(function, FunctionType) and type(value).__module__.startswith("airflow.") else value


def _is_of(value: Any, module: str) -> bool:
    return isinstance(value, FunctionType | type) and value.__module__ == module


def _source(value: Any) -> str:
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):
        return ""


def _name(value: Any) -> str:
    # Airflow names the module of a DAG's file by its path, which differs from version to version.
    return f"{_OF_A_DAG.sub('', value.__module__)}.{value.__qualname__}"


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def _ordered(items: Iterable[Any]) -> list[Any]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
