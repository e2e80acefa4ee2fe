"""Functions of the DAG that fit and score the estimator of a search."""

import re
from typing import Any

from airflow_hpo.importers.expression import INDENT, Call, Code, assigned, flat, returned
from airflow_hpo.importers.sklearn.arguments import error_score, metric_of
from airflow_hpo.importers.sklearn.parts import Parts
from airflow_hpo.importers.sklearn.run import Search, Thing
from airflow_hpo.importers.sklearn.space import Space

_EMPTY = """    from sklearn.model_selection import cross_validate

    estimator, X, y = None, None, None  # Put what you fit here.
"""
_NO_DATA = "    X, y = None, None  # Put the data that you fit here.\n"
_NAMES = ("estimator", "X", "y")
_WITHOUT_NAME = ("X", "y")


def code_of(search: Search, space: Space, parts: Parts | None) -> str:
    """Return the functions; without parts of a file, what is fitted is left to be put in."""
    made, fitted, body = _without_file(search) if parts is None else (dict(parts.made), dict(parts.fitted), parts.body)
    if parts is not None and search.fitted is None:
        fitted, body = {name: Code(name) for name in _WITHOUT_NAME}, f"{body}{_NO_DATA}"
    point = "" if space.is_plain else _point(search, space)
    own = "point(trial.params)" if point else "trial.params"
    if _has_things(space):
        own, body = "point(trial.params, given)", f"{body}{assigned('given', made[search.space_argument], 1)}"
    estimator = flat(made.pop("estimator"))
    estimator = estimator if estimator.isidentifier() or estimator.endswith(")") else f"({estimator})"
    arguments = [
        Code(f"{estimator}.set_params(**{own})"),
        *(fitted.pop(name) for name in _WITHOUT_NAME if name in fitted),
    ]
    named = {"groups": fitted.pop("groups")} if "groups" in fitted else {}
    named |= {name: made[name] for name in ("cv", "scoring") if name in made}
    if params := made.get("fit_params") or fitted:
        named["params"] = params
    call = Call("cross_validate", arguments, {**named, "error_score": error_score(search)})
    train = f'def train(trial):\n    """Return the mean score of the folds."""\n{body}{assigned("scores", call, 1)}'
    return "\n\n".join([*([point] if point else []), f"{train}{returned(_scores(search), 1)}"])


def _without_file(search: Search) -> tuple[dict[str, Any], dict[str, Any], str]:
    plain = {name: each for name, each in search.arguments.items() if name in ("cv", "scoring")}
    made = {name: each for name, each in plain.items() if not isinstance(each, Thing)}
    code = {name: Code(name) for name in _NAMES}
    return {**made, "estimator": code.pop("estimator")}, dict(code), _EMPTY


def _scores(search: Search) -> dict[str, Any]:
    if search.scores is None:
        return {metric_of(search): Code('float(scores["test_score"].mean())')}
    return {name: Code(f"float(scores[{flat(f'test_{name}')}].mean())") for name in search.scores}


def _has_things(space: Space) -> bool:
    return any(isinstance(value, Thing) for each in space.choices.values() for value in each.values)


def _point(search: Search, space: Space) -> str:
    """Return the function that makes the arguments of the estimator from the parameters of a trial."""
    given = ", given" if _has_things(space) else ""
    text = f'def point(params{given}):\n    """Return the arguments of the estimator."""\n'
    *others, last = range(len(space.places))
    for number in others:
        selected, asked = space.selected[number], f"params[{flat(space.selector)}]"
        is_one = f"== {flat(selected[0])}" if len(selected) == 1 else f"in {flat(selected)}"
        text += f"{INDENT}if {asked} {is_one}:\n{_of_space(search, space, number, 2)}"
    return text + _of_space(search, space, last, 1)


def _of_space(search: Search, space: Space, number: int, depth: int) -> str:
    text, values = "", {}
    for name, ours in space.places[number].items():
        asked = f"params[{flat(ours)}]"
        if choices := space.choices.get(ours):
            called = re.sub(r"\W", "_", f"{name}_choices", flags=re.ASCII)
            above = f"given[{number}]" if search.is_list else "given"
            options = {
                each: Code(f"{above}[{flat(name)}][{position}]") if isinstance(value, Thing) else value
                for each, value, position in zip(choices.names, choices.values, choices.positions)
            }
            text += assigned(called, options, depth)
            asked = f"{called}[{asked}]"
        values[name] = Code(asked)
    return text + returned(values, depth)
