"""Functions of the DAG that make of a trial's parameters what the objective got from Hyperopt."""

import re
from collections.abc import Iterable
from typing import Any

from airflow_hpo.importers.dag_file import IMPORTED_NAMES
from airflow_hpo.importers.expression import Code, flat, returned
from airflow_hpo.importers.hyperopt.space import Space

_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**"}
_BUILTINS = {"int": "int", "float": "float", "minimum": "min", "maximum": "max", "min": "min", "max": "max"}
_MATH = ("exp", "log", "sqrt", "sin", "cos", "tan")
_OF_THE_DAG = {*IMPORTED_NAMES, "point", "train", "study", "trial"}
_OBJECTIVE = "objective"
_EMPTY = '''def objective(point):
    """Return the loss of a point, as for Hyperopt."""
    raise NotImplementedError("Put the objective that you gave to fmin here.")
'''
_TRAIN = '''def train(trial):
    """Return the loss of a trial."""
    result = OBJECTIVE(point(trial.params))
    if not isinstance(result, dict):
        return {"loss": float(result)}
    if result.get("status", "ok") != "ok":
        raise ValueError(f"The objective returned {result}.")
    return {"loss": float(result["loss"])}
'''


class PointCode:
    """The functions while they are written: one for each choice among branches, and one for the whole."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._functions: dict[int, str] = {}
        self._called: dict[int, str] = {}
        self._has_math = False

    @property
    def names(self) -> set[str]:
        """What the written functions, and the DAG around them, are called."""
        own = {*_OF_THE_DAG, *self._called.values()}
        return own | {"math"} if self._has_math else own

    def text(self, root: int, objective: str = _OBJECTIVE, code: str = _EMPTY) -> str:
        """Return the functions of a space, and the trial that calls them and an objective, of which this is the code."""
        whole = returned(self._value(root), 1)
        point = f'def point(params):\n    """Return what the objective got from Hyperopt."""\n{whole}'
        functions = [*self._functions.values(), point, _TRAIN.replace("OBJECTIVE", objective)]
        text = "\n\n".join([code, *functions])
        if not self._has_math:
            return text
        return f"import math\n\n\n{text}" if text.startswith("def ") else f"import math\n{text}"

    def _value(self, place: int) -> Any:
        row = self._space.row(place)
        match row["kind"]:
            case "constant":
                return row["value"]
            case "dict":
                return {key: self._value(each) for key, each in zip(row["keys"], row["items"])}
            case "list":
                return [self._value(each) for each in row["items"]]
            case "tuple":
                return tuple(self._value(each) for each in row["items"])
            case "call":
                return Code(self._call(row["name"], row["items"]))
            case "choice" if place in self._space.branches:
                return Code(f"{self._function(place)}(params)")
        return Code(self._parameter(place))

    def _parameter(self, place: int) -> str:
        return f"params[{flat(self._space.names[place])}]"

    def _function(self, place: int) -> str:
        """Write the function of one choice, and return its name."""
        if place not in self._called:
            bare = re.sub(r"\W", "_", f"chosen_{self._space.names[place]}", flags=re.ASCII)
            taken = {*self._called.values()}
            self._called[place] = next(
                name for name in (bare, *(f"{bare}_{number}" for number in range(2, 9999))) if name not in taken
            )
            self._functions[place] = self._written(place)
        return self._called[place]

    def _written(self, place: int) -> str:
        asked, items = self._parameter(place), self._space.row(place)["items"]
        named = list(zip(self._space.branches[place], items))
        cases = [f"    if {asked} == {flat(name)}:\n{returned(self._value(item), 2)}" for name, item in named[:-1]]
        title = f'    """Return what was chosen as {self._called[place].removeprefix("chosen_")}."""\n'
        last = returned(self._value(named[-1][1]), 1)
        return f"def {self._called[place]}(params):\n{title}{''.join(cases)}{last}"

    def _call(self, name: str, items: list[int]) -> str:
        if name == "int" and self._is_whole_already(items[0]):
            return self._parameter(items[0])
        if name in _OPERATORS:
            return f" {_OPERATORS[name]} ".join(self._operands(items))
        if name == "neg":
            return f"-{next(iter(self._operands(items)))}"
        if name == "getitem":
            return f"{next(iter(self._operands(items)))}[{flat(self._value(items[1]))}]"
        arguments = ", ".join(flat(self._value(each)) for each in items)
        if name in _MATH:
            self._has_math = True
            return f"math.{name}({arguments})"
        if name not in _BUILTINS:
            self._space.findings.refuse(
                "space", f"scope.{name} is not read. Give the objective what it is made of, and call it there."
            )
        return f"{_BUILTINS.get(name, name)}({arguments})"

    def _is_whole_already(self, place: int) -> bool:
        return place in self._space.names and place not in self._space.branches and self._space.is_int(place)

    def _operands(self, items: Iterable[int]) -> Iterable[str]:
        for each in items:
            row = self._space.row(each)
            text = flat(self._value(each))
            is_compound = row["kind"] == "call" and (row["name"] in _OPERATORS or row["name"] == "neg")
            yield f"({text})" if is_compound or text.startswith("-") else text
