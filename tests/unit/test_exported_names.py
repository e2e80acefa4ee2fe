"""What ``import airflow_hpo`` promises."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import airflow_hpo

PARAM = re.compile(r":param (?:\S+ )?(\w+):")
RAISES = re.compile(r":raises (\w+):")
PACKAGE = Path(airflow_hpo.__file__).parent
CLASSES = [name for name in airflow_hpo.__all__ if isinstance(getattr(airflow_hpo, name), type)]
FUNCTIONS = [name for name in airflow_hpo.__all__ if inspect.isfunction(getattr(airflow_hpo, name))]
CALLED_BY_PEOPLE = {
    "Steering",
    "TrialOperator",
    "FunctionTrial",
    "TrialDetails",
    "from_yaml",
    "reporting.py",
    "plugin/macros.py",
}
"""Public without standing in ``__all__``: subclassed, an attribute of another, passed to a function, returned by or part of the hook, copied into images, used in templates."""
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


def test_the_public_names_are_sorted_and_are_those_of_the_lazy_map() -> None:
    assert airflow_hpo.__all__ == sorted({*airflow_hpo._MODULES, "__version__"})


@pytest.mark.parametrize("name", airflow_hpo.__all__)
def test_a_public_name_is_what_its_module_defines(name: str) -> None:
    found = getattr(airflow_hpo, name)
    if name != "__version__":
        assert found is getattr(importlib.import_module(airflow_hpo._MODULES[name]), name)


def test_type_checkers_see_each_name_as_a_name_of_the_package() -> None:
    tree = ast.parse(Path(f"{airflow_hpo.__file__}i").read_text(encoding="utf-8"))
    seen = {alias.asname for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == {name for name in airflow_hpo.__all__ if name != "__version__"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Stduy'"):
        _ = airflow_hpo.Stduy  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", CLASSES)
def test_a_public_class_says_what_it_is(name: str) -> None:
    assert (getattr(airflow_hpo, name).__doc__ or "").strip()


def accepted(cls: type) -> set[str]:
    """Return the arguments that a class takes by name: its own, its model's, and its parents'."""
    names = set(getattr(cls, "model_fields", {}))
    for owner in cls.__mro__:
        if "__init__" in vars(owner):
            names |= set(inspect.signature(vars(owner)["__init__"]).parameters) - {"self"}
    return names


def required(cls: type) -> set[str]:
    """Return the arguments that the class itself declares and must therefore describe."""
    if issubclass(cls, Exception):
        return set(inspect.signature(vars(cls)["__init__"]).parameters) - {"self"} if "__init__" in vars(cls) else set()
    fields = set(getattr(cls, "model_fields", {}))
    if fields:
        return {name for name in fields if name not in {"name", "options"}} | (fields & {"metric"})
    own = vars(cls).get("__init__")
    given = inspect.signature(own).parameters.values() if own else []
    return {p.name for p in given if p.name not in {"self", "kwargs", "context"}}


@pytest.mark.parametrize("name", CLASSES)
def test_every_documented_argument_exists(name: str) -> None:
    cls = getattr(airflow_hpo, name)
    assert set(PARAM.findall(cls.__doc__ or "")) <= accepted(cls) | {"options", "type"}


@pytest.mark.parametrize("name", CLASSES)
def test_every_argument_is_documented(name: str) -> None:
    cls = getattr(airflow_hpo, name)
    assert required(cls) - {"type"} <= set(PARAM.findall(cls.__doc__ or ""))


def functions() -> Iterator[Any]:
    """Yield every function with a docstring: its module, the class or function at the top of it, and its node."""
    for path in SOURCES:
        module = path.relative_to(PACKAGE).as_posix()
        for top in ast.parse(path.read_text(encoding="utf-8")).body:
            for node in ast.walk(top):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
                    outer = getattr(top, "name", "")
                    yield pytest.param(module, outer, node, id=f"{module}:{outer}.{node.name}")


def has_params(node: ast.AST) -> bool:
    return ":param" in (ast.get_docstring(node) or "")


DOCUMENTED = [each for each in functions() if has_params(each.values[2])]


@pytest.mark.parametrize(("module", "outer", "node"), DOCUMENTED)
def test_only_public_functions_document_their_arguments(module: str, outer: str, node: ast.FunctionDef) -> None:
    named = {outer, module} & {*airflow_hpo.__all__, *CALLED_BY_PEOPLE}
    assert (bool(named), node.name.startswith("_")) == (True, False), "What is internal has one line, without `:param`."


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_documents_its_arguments(name: str) -> None:
    assert PARAM.search(getattr(airflow_hpo, name).__doc__ or "")


@pytest.mark.parametrize(("module", "outer", "node"), DOCUMENTED)
def test_a_function_documents_the_arguments_that_it_has(module: str, outer: str, node: ast.FunctionDef) -> None:
    a, text = node.args, ast.get_docstring(node) or ""
    names = {each.arg for each in (*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg)))}
    assert set(PARAM.findall(text)) <= names
    assert names - {"self", "cls", "context", "kwargs"} <= set(PARAM.findall(text))


def test_every_error_that_is_documented_exists() -> None:
    from airflow import exceptions as airflow_exceptions
    from airflow.sdk import exceptions as sdk_exceptions

    from airflow_hpo import exceptions

    known = {*vars(exceptions), *vars(sdk_exceptions), *vars(airflow_exceptions), *vars(__import__("builtins"))}
    named = {name for path in SOURCES for name in RAISES.findall(path.read_text(encoding="utf-8"))}
    assert named <= known
