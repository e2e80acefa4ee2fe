"""Stand-in of Hyperopt in a process of its own: runs a file, and writes what it declares as plain data.

Started with the file to run and the file to write. Hyperopt need not be installed.
"""

import functools
import math
import sys
import types
from collections.abc import Callable
from typing import Any

from airflow_hpo.importers.other_process import Marker, install_modules, plain_number, write_declared

RANGES = {
    "uniform": ("low", "high"),
    "quniform": ("low", "high", "q"),
    "loguniform": ("low", "high"),
    "qloguniform": ("low", "high", "q"),
    "uniformint": ("low", "high"),
    "normal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "lognormal": ("mu", "sigma"),
    "qlognormal": ("mu", "sigma", "q"),
}
FMIN = (
    *("fn", "space", "algo", "max_evals", "timeout", "loss_threshold", "trials", "rstate", "allow_trials_fmin"),
    *("pass_expr_memo_ctrl", "catch_eval_exceptions", "verbose", "return_argmin", "points_to_evaluate"),
    *("max_queue_len", "show_progressbar", "early_stop_fn", "trials_save_file"),
)
_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
_STATUS = ("new", "running", "suspended", "ok", "fail")


class Called(BaseException):
    """The file has called fmin: what follows needs its result."""


class Node:
    """One thing of a space that is known when a trial is."""

    __array_ufunc__ = None  # so that NumPy's numbers leave arithmetic to the operators here

    def __init__(self, kind: str, name: str, inner: Any) -> None:
        self.kind, self.name, self.inner = kind, name, inner

    def __neg__(self) -> "Node":
        return Node("call", "neg", [self])

    def __getitem__(self, place: Any) -> "Node":
        return Node("call", "getitem", [self, place])

    def __iter__(self) -> Any:
        raise TypeError("a parameter of Hyperopt has no members before it is drawn")

    def __bool__(self) -> bool:
        raise TypeError("a parameter of Hyperopt has no value before it is drawn")


class Scope:
    """Hyperopt's ``scope``: a function of it is a call that is kept."""

    def define(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Keep calls of a function of the file's own, so that they can be refused by name."""
        return getattr(self, function.__name__)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Callable[..., Node]:
        return lambda *unnamed, **named: Node("call", name, [*unnamed, *named.values()])


def _operator(name: str, is_right: bool) -> Callable[[Node, Any], Node]:
    return lambda self, other: Node("call", name, [other, self] if is_right else [self, other])


for _name in _OPERATORS:
    setattr(Node, f"__{_name}__", _operator(_name, is_right=False))
    setattr(Node, f"__r{_name}__", _operator(_name, is_right=True))


def _range(kind: str, names: tuple[str, ...]) -> Callable[..., Node]:
    def made(label: str, *unnamed: Any, **named: Any) -> Node:
        given = {**dict(zip(names, unnamed)), **named}
        if len(unnamed) > len(names) or set(given) != set(names):
            raise TypeError(f"hp.{kind}({label!r}) takes {', '.join(names)}")
        return Node(kind, _label(label), {name: float(value) for name, value in given.items()})

    return made


def _randint(label: str, *unnamed: Any, **named: Any) -> Node:
    given = [*unnamed, *(named[name] for name in ("upper", "low", "high") if name in named)]
    if len(given) not in (1, 2):
        raise TypeError(f"hp.randint({label!r}) takes upper, or low and high")
    low, high = (0, given[0]) if len(given) == 1 else given
    return Node("randint", _label(label), {"low": float(low), "high": float(high)})


def _choice(label: str, options: Any) -> Node:
    return Node("choice", _label(label), {"options": list(options), "weights": None})


def _pchoice(label: str, p_options: Any) -> Node:
    pairs = list(p_options)
    weights = [float(weight) for weight, _ in pairs]
    return Node("choice", _label(label), {"options": [option for _, option in pairs], "weights": weights})


def _label(label: Any) -> str:
    if not isinstance(label, str):
        raise TypeError(f"a label is a text, but got {label!r}")
    return label


def _fmin(*unnamed: Any, **named: Any) -> None:
    raise Called({**dict(zip(FMIN, unnamed)), **named})


def install() -> None:
    """Make the stand-in what ``import hyperopt`` finds."""
    hp = {**{kind: _range(kind, names) for kind, names in RANGES.items()}}
    hp |= {"randint": _randint, "choice": _choice, "pchoice": _pchoice}
    scope = Scope()
    base: dict[str, Any] = {f"STATUS_{each.upper()}": each for each in _STATUS}
    base |= {name: functools.partial(Marker, name) for name in ("Trials", "SparkTrials")}
    stop = {"no_progress_loss": functools.partial(Marker, "no_progress_loss")}
    parts: dict[str, dict[str, Any]] = {
        "hp": hp,
        **{name: {"suggest": Marker(f"{name}.suggest")} for name in ("tpe", "rand", "anneal", "atpe", "mix")},
        "base": base,
        "early_stop": stop,
        "mongoexp": {"MongoTrials": functools.partial(Marker, "MongoTrials")},
        "pyll": {"scope": scope},
        "pyll.base": {"scope": scope},
        "pyll.stochastic": {"sample": lambda *_, **__: None},
        "fmin": {"fmin": _fmin},
    }
    install_modules({"hyperopt": {}, **{f"hyperopt.{name}": content for name, content in parts.items()}})
    vars(sys.modules["hyperopt"]).update(
        {**base, "no_progress_loss": stop["no_progress_loss"], "fmin": _fmin, "space_eval": lambda *_: {}}
    )


class Table:
    """Everything that a file declares as rows, each once however often it is used."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._places: dict[int, int] = {}
        self._kept: list[Any] = []

    def place_of(self, value: Any) -> int:
        """Return the row of a value."""
        if not isinstance(value, Node | dict | list | tuple):
            self.rows.append(self._leaf(value))
            return len(self.rows) - 1
        if id(value) not in self._places:
            self._kept.append(value)
            self._places[id(value)] = len(self.rows)
            self.rows.append({})
            self.rows[self._places[id(value)]].update(self._row(value))
        return self._places[id(value)]

    def _row(self, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return {"kind": "dict", "keys": [*map(_key, value)], "items": [*map(self.place_of, value.values())]}
        if not isinstance(value, Node):
            return {"kind": type(value).__name__, "items": [*map(self.place_of, value)]}
        row = {"kind": value.kind, "name": value.name}
        if value.kind == "call":
            return {**row, "items": [*map(self.place_of, value.inner)]}
        if value.kind == "choice":
            return {
                **row,
                "items": [*map(self.place_of, value.inner["options"])],
                "weights": value.inner["weights"],
            }
        return {**row, "range": value.inner}

    def _leaf(self, value: Any) -> dict[str, Any]:
        plain = plain_number(value)
        if isinstance(value, functools.partial) and isinstance(value.func, Marker):
            return self._marker(Marker(value.func.name, *value.args, **value.keywords))
        if isinstance(value, Marker):
            return self._marker(value)
        is_plain = plain is None or isinstance(plain, bool | int | float | str)
        if not is_plain or (isinstance(plain, float) and not math.isfinite(plain)):
            return {"kind": "object", "name": getattr(value, "__name__", None) or type(value).__name__}
        return {"kind": "constant", "value": plain}

    def _marker(self, one: Marker) -> dict[str, Any]:
        named = {name: self.place_of(value) for name, value in one.named.items()}
        return {"kind": "marker", "name": one.name, "items": [*map(self.place_of, one.unnamed)], "named": named}


def _key(value: Any) -> str | int | float | bool | None:
    plain = plain_number(value)
    if plain is not None and not isinstance(plain, str | int | float):
        raise TypeError(f"a key of a space is a text or a number, but got {plain!r}")
    return plain


def declared(text: str) -> dict[str, Any]:
    """Run a file, and return what it declares."""
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        exec(compile(text, "the file", "exec"), names)
        given = names.get("fmin")
        arguments = {"space": names.get("space"), **(given if isinstance(given, dict) else {})}
    except Called as reached:
        arguments = reached.args[0]
    table = Table()
    function = arguments.get("fn", names.get("objective"))
    called = function.__name__ if isinstance(function, types.FunctionType) else None
    return {
        "function": called,
        "arguments": {name: table.place_of(value) for name, value in arguments.items()},
        "rows": table.rows,
    }


if __name__ == "__main__":
    write_declared(install, declared)
