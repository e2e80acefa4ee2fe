"""Stand-in of Ray in a process of its own: runs a file until it fits a Tuner, and writes what it declares as plain data.

Ray need not be installed. What is not known of it becomes a marker with its name and arguments.
"""

import functools
import importlib.abc
import importlib.machinery
import math
import sys
import types
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow_hpo.importers.other_process import Marker, install_modules, plain_number, write_declared

DOMAINS: dict[str, dict[str, Any]] = {
    "uniform": {"lower": None, "upper": None},
    "quniform": {"lower": None, "upper": None, "q": None},
    "loguniform": {"lower": None, "upper": None, "base": 10},
    "qloguniform": {"lower": None, "upper": None, "q": None, "base": 10},
    "randint": {"lower": None, "upper": None},
    "qrandint": {"lower": None, "upper": None, "q": 1},
    "lograndint": {"lower": None, "upper": None, "base": 10},
    "qlograndint": {"lower": None, "upper": None, "q": None, "base": 10},
    "randn": {"mean": 0.0, "sd": 1.0},
    "qrandn": {"mean": None, "sd": None, "q": None},
}
"""Distributions with their arguments and defaults; None has none."""
_RUN = {
    **dict.fromkeys(
        ("metric", "mode", "search_alg", "scheduler", "num_samples", "time_budget_s", "reuse_actors"), "tune_config"
    ),
    **dict.fromkeys(("max_concurrent_trials", "trial_name_creator", "trial_dirname_creator"), "tune_config"),
    **dict.fromkeys(
        ("name", "stop", "storage_path", "local_dir", "verbose", "callbacks", "progress_reporter"), "run_config"
    ),
    **dict.fromkeys(("log_to_file", "checkpoint_config", "sync_config"), "run_config"),
}
"""Arguments of ``tune.run`` -> where a Tuner has them."""
_DEEPEST = 100


class Domain:
    """One thing of a space that is known when a trial is."""

    def __init__(self, name: str, given: dict[str, Any]) -> None:
        self.name, self.given = name, given

    def __bool__(self) -> bool:
        raise TypeError("a parameter of Ray Tune has no value before it is drawn")


class Trainable:
    """What a class of the file's own may be made of."""


class Fitted(BaseException):
    """The file runs its trials: what follows needs their results."""


class Tuner(Marker):
    """A search as the file declares it."""

    def __init__(self, *unnamed: Any, **named: Any) -> None:
        super().__init__("Tuner", *unnamed, **named)

    def fit(self) -> None:
        """End the file here."""
        names = ("trainable", "param_space", "tune_config", "run_config")
        raise Fitted({**dict(zip(names, self.unnamed)), **self.named})


def _run(trainable: Any, **named: Any) -> None:
    found: dict[str, Any] = {
        "trainable": trainable,
        "param_space": named.pop("config", {}),
        "tune_config": {},
        "run_config": {},
    }
    if "max_failures" in named:
        found["run_config"]["failure_config"] = {"max_failures": named.pop("max_failures")}
    for name, value in named.items():
        found[_RUN.get(name, "tune_config")][name] = value
    raise Fitted(found)


def _domain(name: str, known: dict[str, Any]) -> Callable[..., Domain]:
    def made(*unnamed: Any, **named: Any) -> Domain:
        given = {**known, **dict(zip(known, unnamed)), **named}
        if len(unnamed) > len(known) or {*given} != {*known} or None in given.values():
            raise TypeError(f"tune.{name} takes {', '.join(known)}")
        return Domain(name, given)

    return made


def _choices(name: str) -> Callable[..., Domain]:
    return lambda values: Domain(name, {"values": [*values]})


def _first(trainable: Any, *_: Any, **__: Any) -> Any:
    return trainable


class _Unknown(types.ModuleType):
    """A module of Ray, in which every name is something that can be made."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return functools.partial(Marker, name)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every module of Ray that is not written here."""

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        """Return how to load a module of Ray."""
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.startswith("ray.") else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Return a module in which every name is something that can be made."""
        return _Unknown(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Leave it as it is."""


def install() -> None:
    """Make the stand-in what ``import ray`` finds."""
    tune = {name: _domain(name, known) for name, known in DOMAINS.items()}
    parts: dict[str, Any] = {
        **tune,
        "choice": _choices("choice"),
        "grid_search": lambda values: {"grid_search": [*values]},
        "sample_from": lambda *_: Domain("sample_from", {}),
        "Tuner": Tuner,
        "Trainable": Trainable,
        "run": _run,
        "with_resources": _first,
        "with_parameters": _first,
    }
    sys.meta_path.insert(0, _Finder())
    install_modules({"ray": {}, "ray.tune": parts, "ray.tune.search": {}})
    unknown = {name: functools.partial(_name_of, name) for name in ("ray", "ray.tune", "ray.tune.search")}
    for name, others in unknown.items():
        vars(sys.modules[name])["__getattr__"] = others


def _name_of(module: str, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return functools.partial(Marker, name)


def _tree(value: Any, depth: int = 0) -> dict[str, Any]:
    """Return anything of a file as plain data, with what it is."""
    if depth > _DEEPEST:
        raise RecursionError("a space is nested and ends, but it contains itself, or has deeper levels")
    if isinstance(value, functools.partial) and value.func is Marker:
        value = Marker(*value.args, **value.keywords)
    if isinstance(value, dict) and [*value] == ["grid_search"]:
        return {"kind": "grid", "items": [_tree(each, depth + 1) for each in value["grid_search"]]}
    if isinstance(value, dict):
        return {"kind": "dict", "named": {_key(name): _tree(each, depth + 1) for name, each in value.items()}}
    if isinstance(value, list | tuple):
        return {"kind": type(value).__name__, "items": [_tree(each, depth + 1) for each in value]}
    if isinstance(value, Domain) and "values" in value.given:
        return {"kind": "choice", "items": [_tree(each, depth + 1) for each in value.given["values"]]}
    if isinstance(value, Domain):
        return {
            "kind": "domain",
            "name": value.name,
            "range": {name: _bound(each) for name, each in value.given.items()},
        }
    if isinstance(value, Marker):
        named = {name: _tree(each, depth + 1) for name, each in value.named.items()}
        return {
            "kind": "marker",
            "name": value.name,
            "items": [_tree(each, depth + 1) for each in value.unnamed],
            "named": named,
        }
    plain = plain_number(value.total_seconds() if isinstance(value, timedelta) else value)
    is_plain = plain is None or isinstance(plain, bool | int | float | str)
    if not is_plain or (isinstance(plain, float) and not math.isfinite(plain)):
        return {"kind": "object", "name": getattr(value, "__name__", None) or type(value).__name__}
    return {"kind": "constant", "value": plain}


def _bound(value: Any) -> int | float:
    plain = plain_number(value)
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise TypeError(f"the bounds of a parameter are numbers, but got {value!r}")
    return plain


def _key(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"the names of a space are texts, but got {value!r}")
    return value


def declared(text: str) -> dict[str, Any]:
    """Run a file, and return what it declares."""
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        exec(compile(text, "the file", "exec"), names)
        found = {
            name: names[name] for name in ("param_space", "tune_config", "run_config", "trainable") if name in names
        }
        tuners = [each for each in names.values() if isinstance(each, Tuner)]
        if tuners:
            tuners[-1].fit()
    except Fitted as reached:
        found = reached.args[0]
    function = found.pop("trainable", None)
    called = function.__name__ if isinstance(function, types.FunctionType) else None
    return {"function": called, **{name: _tree(value) for name, value in found.items()}}


if __name__ == "__main__":
    write_declared(install, declared)
