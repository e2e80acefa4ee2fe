"""What an author passes is described alike in every process, and differently when it means something else."""

from __future__ import annotations

import functools
import importlib.util
import math
import operator
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.described import described, without_addresses


def loss(trial: Any, depth: int = 1) -> float:
    return depth


def other(trial: Any) -> float:
    return 2.0


class Model:
    def __init__(self, depth: int) -> None:
        self.depth = depth

    def __call__(self, trial: Any) -> float:
        return self.depth

    def fit(self, trial: Any) -> float:
        return self.depth


@dataclass
class Options:
    depth: int
    names: frozenset[str] = frozenset()


class Kind(Enum):
    A = 1
    B = 2


class Word(StrEnum):
    A = "a"


def enclosing(depth: Any) -> Any:
    return lambda trial: depth


def with_default(depth: int) -> Any:
    def inner(trial: Any, depth: int = depth) -> int:
        return depth

    return inner


def of_module(source: str, name: str = "module") -> Any:
    """Function `loss` of a module, as Airflow loads it from a DAG's file."""
    known: dict[str, Any] = {"__name__": name}
    exec(source + "def loss(trial):\n    return helper(trial)\n", known)
    return known["loss"]


DIFFERENT: dict[str, tuple[Any, Any]] = {
    "functions": (loss, other),
    "arguments of a partial": (functools.partial(loss, depth=1), functools.partial(loss, depth=2)),
    "functions of a partial": (functools.partial(loss), functools.partial(other)),
    "callables in a partial": (functools.partial(loss, depth=loss), functools.partial(loss, depth=other)),
    "objects in a partial": (functools.partial(loss, Model(1)), functools.partial(loss, Model(2))),
    "enclosed values": (enclosing(1), enclosing(2)),
    "enclosed functions": (enclosing(loss), enclosing(other)),
    "defaults": (with_default(1), with_default(2)),
    "callable objects": (Model(1), Model(2)),
    "bound methods": (Model(1).fit, Model(2).fit),
    "functions of the module that are called": (
        of_module("def helper(trial):\n    return 1\n"),
        of_module("def helper(trial):\n    return 2\n"),
    ),
    "tasks of the module that are called": (
        of_module("from airflow.sdk import task\n@task\ndef helper(trial):\n    return 1\n"),
        of_module("from airflow.sdk import task\n@task\ndef helper(trial):\n    return 2\n"),
    ),
    "functions without a source": (eval("lambda trial: 1"), eval("lambda trial: 2")),
    "sets": ({"a"}, {"b"}),
    "dataclasses": (Options(1), Options(2)),
    "enums": (Kind.A, Kind.B),
    "paths": (Path("a"), Path("b")),
    "dates": (date(2026, 1, 1), date(2026, 1, 2)),
    "times": (timedelta(1), timedelta(2)),
    "arrays": (np.arange(5000), np.append(np.arange(4999), 7)),
    "shapes of arrays": (np.zeros((2, 3)), np.zeros((3, 2))),
    "arrays of objects": (np.array(["a"], dtype=object), np.array(["b"], dtype=object)),
    "tables": (pd.DataFrame({"a": range(500)}), pd.DataFrame({"a": [*range(250), 7, *range(251, 500)]})),
    "bytes": (b"a", b"b"),
    "functions of C": (math.sqrt, math.exp),
    "callable objects of C": (operator.itemgetter("a"), operator.itemgetter("b")),
    "modules": (math, operator),
}


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_what_means_something_else_is_described_differently(pair: tuple[Any, Any]) -> None:
    one, two = map(described, pair)
    assert fingerprint(one) != fingerprint(two)


MODULE = """
import dataclasses, functools

def scaled(function):
    @functools.wraps(function)
    def wrapper(trial):
        return function(trial) * 10
    return wrapper

@scaled
def wrapped(trial):
    return trial

@functools.cache
def cached(trial):
    return trial + 20

def calls_cached(trial):
    return cached(trial)

def helper(trial):
    return trial + 30

class Base:
    def prepare(self, trial):
        return trial + 40

class Model(Base):
    def __call__(self, trial):
        return helper(self.prepare(trial))

@dataclasses.dataclass
class Data:
    depth: int
    def __call__(self, trial):
        return trial + 50

class Slots:
    __slots__ = ("depth",)
    def __init__(self):
        self.depth = 60

several_lines = (
    lambda trial: trial
    + 70
)
"""
IN_MODULE: dict[str, tuple[str, str]] = {
    "what a decorator adds to a function": ("wrapped", "10"),
    "a function with a cache that is called": ("calls_cached", "20"),
    "a function that a method calls": ("Model()", "30"),
    "a class that another one is derived from": ("Model()", "40"),
    "a method of a dataclass": ("Data(1)", "50"),
    "an attribute in a slot": ("Slots()", "60"),
    "the second line of a lambda": ("several_lines", "70"),
}


@pytest.mark.parametrize(("named", "number"), IN_MODULE.values(), ids=IN_MODULE)
def test_what_an_author_changes_in_a_file_is_described_differently(named: str, number: str, tmp_path: Path) -> None:
    def of_file(folder: str, source: str) -> str:
        """Fingerprint of an object of a file, as Airflow loads a DAG's."""
        file = tmp_path / folder / "dag.py"
        file.parent.mkdir()
        file.write_text(source)
        name = f"unusual_prefix_{folder}_dag"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        try:
            return fingerprint(described(eval(named, vars(module))))
        finally:
            del sys.modules[name]

    before = of_file("a", MODULE)
    assert of_file("b", MODULE) == before
    assert of_file("c", MODULE.replace(number, "99")) != before


def test_the_path_of_a_dags_file_does_not_count() -> None:
    source = "class Model:\n    def __init__(self):\n        self.depth = 1\ndef helper(trial, model=Model()):\n    return 1\n"
    one, two = (described(of_module(source, f"unusual_prefix_{path}_dag")) for path in ("0ab1", "9fe2"))
    assert one == two


def test_an_object_that_encloses_itself_is_described() -> None:
    model = Model(1)
    model.own = model  # type: ignore[attr-defined]
    assert fingerprint(described(functools.partial(loss, model)))


def test_an_open_object_costs_no_more_than_what_it_holds() -> None:
    lock = __import__("threading").Lock()
    assert "0x" not in str(described(functools.partial(loss, lock)))


def test_only_addresses_are_left_out_of_a_text() -> None:
    assert without_addresses("<Model object at 0x7f00aa> --mask=0xff00ff") == "<Model object> --mask=0xff00ff"


def everything() -> str:
    """Fingerprint of one of each kind."""
    held = {name: pair[0] for name, pair in DIFFERENT.items()}
    held |= {"many": {"one", "two", "three", "four"}, "nested": Options(1, frozenset("abcdef")), "word": Word.A}
    return fingerprint(described(held | {"lists": [{1, "a"}, {(1, 2): {3}}], "plain": object()}))


def test_a_description_is_the_same_in_every_process() -> None:
    program = "from tests.unit.core.test_described import everything; print(everything())"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert printed == {everything()}
