"""Stand-in of the searches of scikit-learn in a process of its own: runs a file until one is fitted, and writes its arguments as plain data.

scikit-learn itself is what the file imports. scikit-optimize need not be installed.
"""

import importlib.util
import inspect
import math
import sys
import types
from types import FrameType
from typing import Any

from airflow_hpo.importers.other_process import install_modules, write_declared

THE_FILE = "the file"
_NAMED = {
    "GridSearchCV": ("estimator", "param_grid"),
    "RandomizedSearchCV": ("estimator", "param_distributions"),
    "HalvingGridSearchCV": ("estimator", "param_grid"),
    "HalvingRandomSearchCV": ("estimator", "param_distributions"),
    "BayesSearchCV": (
        *("estimator", "search_spaces", "optimizer_kwargs", "n_iter", "scoring", "fit_params", "n_jobs", "n_points"),
        *("iid", "refit", "cv", "verbose", "pre_dispatch", "random_state", "error_score", "return_train_score"),
    ),
}
"""What the first arguments of a search are called."""
_FITTED = ("X", "y", "groups")
_DIMENSIONS = {
    "Real": ("low", "high", "prior", "base", "transform", "name"),
    "Integer": ("low", "high", "prior", "base", "transform", "name"),
    "Categorical": ("categories", "prior", "transform", "name"),
}
_LONGEST = 40
_made: list["Search"] = []
"""The searches of the file, in the order in which they are made."""


class Fitted(BaseException):
    """The file fits a search: what follows needs its result."""


class Search:
    """One search, with what it was made of and where the file makes it."""

    kind = ""

    def __init__(self, *unnamed: Any, **named: Any) -> None:
        known = _NAMED[self.kind]
        if len(unnamed) > len(known):
            raise TypeError(f"{self.kind} takes {', '.join(known)} without names")
        self.given = {**dict(zip(known, unnamed)), **named}
        if missing := [name for name in known[:2] if name not in self.given]:
            raise TypeError(f"{self.kind} takes {' and '.join(missing)}")
        self.place = _place(inspect.currentframe())
        _made.append(self)

    def fit(self, *unnamed: Any, **named: Any) -> None:
        """End the file here."""
        raise Fitted(self, {**dict(zip(_FITTED, unnamed)), **named}, _place(inspect.currentframe()))

    def set_params(self, **named: Any) -> "Search":
        """Take arguments afterwards; they stand in no call."""
        self.given |= named
        self.place = None
        return self


class Dimension:
    """One parameter of scikit-optimize."""

    kind = ""

    def __init__(self, *unnamed: Any, **named: Any) -> None:
        known = _DIMENSIONS[self.kind]
        self.given = {**dict(zip(known, unnamed)), **named}
        if missing := [name for name in known[: 1 if self.kind == "Categorical" else 2] if name not in self.given]:
            raise TypeError(f"{self.kind} takes {', '.join(missing)}")


def _place(method: FrameType | None) -> list[int] | None:
    """Return where the call of a method ends at the top of the file, which no other call does; None elsewhere.

    It begins at the method's name where that stands on a line of its own.
    """
    frame = method.f_back if method else None
    if frame is None or frame.f_code.co_filename != THE_FILE or frame.f_code.co_name != "<module>":
        return None
    _, line, _, column = [*frame.f_code.co_positions()][frame.f_lasti // 2]
    return None if line is None or column is None else [line, column]


def install() -> None:
    """Make the stand-ins what the file imports."""
    if importlib.util.find_spec("sklearn"):
        import sklearn.model_selection  # where it is missing, the file says so itself

        for kind in _NAMED:
            if kind != "BayesSearchCV":
                setattr(sklearn.model_selection, kind, _made_of(kind, Search))
        sys.modules["sklearn.experimental.enable_halving_search_cv"] = types.ModuleType("enable_halving_search_cv")
    dimensions = {kind: _made_of(kind, Dimension) for kind in _DIMENSIONS}
    bayes = {"BayesSearchCV": _made_of("BayesSearchCV", Search)}
    spaces = {"skopt.space": dimensions, "skopt.space.space": dimensions}
    install_modules({"skopt": bayes, "skopt.searchcv": bayes, **spaces})


def _made_of(kind: str, base: type) -> type:
    return type(kind, (base,), {"kind": kind})


def _leaf(value: Any) -> dict[str, Any]:
    """Return a value as plain data, or the name of what it is."""
    try:
        return {"value": _plain(value)}
    except TypeError:
        return {"object": _name(value), "facts": _facts(value)}


def _plain(value: Any) -> Any:
    value = value.tolist() if type(value).__module__ == "numpy" and hasattr(value, "tolist") else value
    if isinstance(value, tuple):
        return {"tuple": [*map(_plain, value)]}
    if isinstance(value, list | range):
        return [*map(_plain, value)]
    if isinstance(value, dict):
        return {"dict": [[_plain(name), _plain(each)] for name, each in value.items()]}
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise TypeError


def _name(value: Any) -> str:
    shown = getattr(value, "__name__", None) or repr(value)
    is_short = len(shown) <= _LONGEST and "\n" not in shown and " at 0x" not in shown
    return shown if is_short else type(value).__name__


def _facts(value: Any) -> dict[str, Any]:
    """Return what decides whether trials split alike."""
    found = {name: getattr(value, name, None) for name in ("shuffle", "random_state")}
    return {
        "type": type(value).__name__,
        "is_splitter": hasattr(value, "split") and hasattr(value, "get_n_splits"),
        "is_seeded": found["random_state"] is not None
        or found["shuffle"] is False
        or not hasattr(value, "random_state"),
    }


def _values(value: Any) -> dict[str, Any]:
    """Return what a search may give to one parameter."""
    value = value.tolist() if type(value).__module__ == "numpy" and hasattr(value, "tolist") else value
    if isinstance(value, Dimension):
        given = {name: each for name, each in value.given.items() if name not in ("transform", "name")}
        categories = [*map(_leaf, given.pop("categories", ()))]
        return {"kind": value.kind, "items": categories, "given": {name: _leaf(each) for name, each in given.items()}}
    if hasattr(value, "dist") and hasattr(value, "args"):
        given = {name: _leaf(each) for name, each in value.kwds.items()}
        return {"kind": "distribution", "name": value.dist.name, "items": [*map(_leaf, value.args)], "given": given}
    if hasattr(value, "rvs"):
        return {"kind": "distribution", "name": type(value).__name__, "items": [], "given": {}}
    if hasattr(value, "__iter__") and not isinstance(value, str | dict):
        return {"kind": type(value).__name__, "items": [*map(_leaf, value)]}
    return {"kind": "other", **_leaf(value)}


def _spaces(value: Any) -> list[dict[str, Any]] | None:
    """Return the spaces of a search: mappings, perhaps with how many draws each gets."""
    found: list[dict[str, Any]] = []
    for each in value if isinstance(value, list | tuple) else [value]:
        space, draws = each if isinstance(each, tuple) and len(each) == 2 else (each, None)
        if not isinstance(space, dict) or not all(isinstance(name, str) for name in space):
            return None
        found.append({"draws": draws, "parameters": {name: _values(one) for name, one in space.items()}})
    return found


def _known(estimator: Any) -> list[str] | None:
    """Return the names of what an estimator takes; None where it does not say."""
    try:
        return sorted(estimator.get_params())
    except Exception:  # noqa: BLE001 - an estimator of the file's own, which may do anything
        return None


def declared(text: str) -> dict[str, Any]:
    """Run a file until it fits a search, and return what the search was made of."""
    names: dict[str, Any] = {"__name__": "__main__"}
    fitted: dict[str, Any] = {}
    place, is_fitted = None, False
    try:
        exec(compile(text, THE_FILE, "exec"), names)
        search = _made[-1] if _made else None
    except Fitted as reached:
        search, fitted, place = reached.args
        is_fitted = True
    if search is None:
        return {"search": None}
    arguments = dict(search.given)
    estimator, spaces = (arguments.pop(name) for name in _NAMED[search.kind][:2])
    scoring = arguments.get("scoring")
    several = [*map(str, scoring)] if isinstance(scoring, dict | list | tuple | set) else None
    return {
        "search": search.kind,
        "made": search.place,
        "spaces": _spaces(spaces),
        "is_list": not isinstance(spaces, dict),
        "known": _known(estimator),
        "scores": several,
        "arguments": {name: _leaf(value) for name, value in arguments.items()},
        "fitted": sorted(fitted) if is_fitted else None,
        "fit": place,
    }


if __name__ == "__main__":
    write_declared(install, declared)
