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
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from airflow_hpo.core.declared import Declared

_OF_A_DAG = re.compile(r"\bunusual_prefix_[0-9a-f]+_")
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
            return self._inside(value)
        if isinstance(value, BuiltinFunctionType):
            return _name(value)
        if isinstance(value, ModuleType):
            return value.__name__
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
        # Arrays and tables print a part of themselves.
        if hasattr(value, "dtype") and callable(getattr(value, "tobytes", None)):
            content = self.of(value.tolist()) if value.dtype.hasobject else hashlib.sha256(value.tobytes()).hexdigest()
            return [named, str(value.dtype), list(value.shape), content]
        if callable(to_csv := getattr(value, "to_csv", None)):
            return [named, hashlib.sha256(to_csv().encode()).hexdigest()]
        if callable(value) or _is_open(value):
            return None
        return [named, _printed(value)]

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
        if isinstance(value, type):
            return self._class(value)
        named = _name(type(value))
        if _to_dict(value):
            # A field that is not set may be one that a later version of the class has brought.
            return [named, _without_none(self.of(value.to_dict()))]
        if dataclasses.is_dataclass(value):
            fields = {field.name: self.of(getattr(value, field.name, None)) for field in dataclasses.fields(value)}
            return [self.of(type(value)), fields]
        # What Airflow's objects hold, such as tasks that a function encloses, differs in ways that mean nothing.
        known = {} if _is_airflows(type(value)) else _attributes(value)
        # What Python sees nothing of, such as operator.itemgetter("loss"), is known by what it prints.
        return [self.of(type(value)), self.of(known) or _printed(value)]

    def _class(self, value: type) -> Any:
        """Return a class with the classes of its module that it is derived from, and what its methods know."""
        if _is_airflows(value):
            return _name(value)
        bases = [self.of(base) for base in value.__bases__ if _is_of(base, value.__module__)]
        attributes = map(_method, vars(value).values())
        methods = [each for each in attributes if isinstance(each, FunctionType) and _is_of(each, value.__module__)]
        return [_name(value), _source(value), *bases, *filter(None, map(self._bound, methods))]

    def _bound(self, function: FunctionType) -> list[Any]:
        """Return what a function knows in addition to its source, where it knows any.

        Defaults, enclosed values, and the functions and classes of its own module that it names.
        """
        cells = zip(function.__code__.co_freevars, function.__closure__ or ())
        enclosed = {name: _undecorated(_content(cell)) for name, cell in cells}
        # Sorted: what comes again is looked into where it comes first.
        named = {name: _undecorated(function.__globals__.get(name)) for name in sorted(_names(function.__code__))}
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
    """Return the function of a task that a decorator of Airflow has made, or of a cache; anything else as it is."""
    airflows = type(value).__module__.startswith("airflow.")
    function = getattr(value, "function", None) if airflows else getattr(value, "__wrapped__", None)
    return function if isinstance(function, FunctionType) and not isinstance(value, FunctionType) else value


def _method(value: Any) -> Any:
    """Return the function of a method of any kind, or of a property."""
    found = (getattr(value, name, None) for name in ("__func__", "fget", "func"))
    return next((each for each in found if each is not None), value)


def _is_of(value: Any, module: str) -> bool:
    return isinstance(value, FunctionType | type) and value.__module__ == module


def _printed(value: Any) -> str:
    return _OF_A_DAG.sub("", without_addresses(repr(value)))


def _attributes(value: Any) -> Any:
    state = object.__getstate__(value)  # with those of ``__slots__``
    return {} if state is None else state


def _is_airflows(kind: type) -> bool:
    return any(base.__module__.startswith(("airflow.", "airflow_hpo.")) for base in kind.__mro__)


def _source(value: Any) -> str:
    # The code itself: of a function that a decorator has wrapped, Python would return what is wrapped.
    code = value.__code__ if isinstance(value, FunctionType) else value
    try:
        return _lambda(code) if getattr(code, "co_name", "") == "<lambda>" else inspect.getsource(code)
    except (OSError, TypeError):
        return ""


def _lambda(code: CodeType) -> str:
    """Return all lines of a lambda; Python finds the first one where parentheses around it go on."""
    last = max((end for _, end, _, _ in code.co_positions() if end), default=code.co_firstlineno)
    return "".join(inspect.findsource(code)[0][code.co_firstlineno - 1 : last])


def _name(value: Any) -> str:
    # Airflow names the module of a DAG's file by its path, which differs from version to version.
    return f"{_OF_A_DAG.sub('', value.__module__)}.{value.__qualname__}"


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def _ordered(items: Iterable[Any]) -> list[Any]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
