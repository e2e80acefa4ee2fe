from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.core.space.constraint import breach, read
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError

SPACE = {
    "low": Float(0.0, 1.0),
    "high": Float(0.0, 1.0),
    "max-wait": Int(1, 9),
    "opt.lr": Float(0.1, 0.9, step=0.1),
    "kind": Categorical(["a", "b"]),
    "size": Categorical([1, 2]),
}


def declared(*constraints: Any, **options: Any) -> Study:
    given = {"name": "demo", "objective": "loss", "space": SPACE, "max_trials": 10, "constraints": list(constraints)}
    return Study(**{**given, **options})


@pytest.mark.parametrize(
    ("text", "kept", "lost"),
    [
        ("low <= high", {"low": 0.5, "high": 0.5}, {"low": 0.6, "high": 0.5}),
        ("low < high", {"low": 0.4, "high": 0.5}, {"low": 0.5, "high": 0.5}),
        ("high >= 2 * low - 0.1", {"low": 0.5, "high": 0.9}, {"low": 0.6, "high": 0.5}),
        ("high > -low", {"low": 0.5, "high": 0.1}, {"low": 0.0, "high": 0.0}),
        ("0.1 < low <= high", {"low": 0.2, "high": 0.5}, {"low": 0.1, "high": 0.5}),
        ("low != high", {"low": 0.2, "high": 0.5}, {"low": 0.5, "high": 0.5}),
        ("'max-wait' <= 3 * size", {"max-wait": 3, "size": 1}, {"max-wait": 4, "size": 1}),
        ("opt.lr ** 2 + high <= 1", {"opt.lr": 0.5, "high": 0.5}, {"opt.lr": 0.9, "high": 0.5}),
        ("low / high <= 1", {"low": 0.2, "high": 0.5}, {"low": 0.2, "high": 0.0}),
        ("(low - high) ** 0.5 <= 1", {"low": 0.5, "high": 0.2}, {"low": 0.2, "high": 0.5}),
        ("9.0 ** 9 ** 9 ** low < 1", {}, {"low": 1.0}),
    ],
)
def test_a_constraint_is_what_python_makes_of_it(text: str, kept: dict[str, Any], lost: dict[str, Any]) -> None:
    [stored] = declared(text).constraints
    assert breach([stored], kept) is None
    assert read(stored).excess(lost) > 0
    assert breach([stored], lost)


def test_a_constraint_over_a_parameter_without_a_value_does_not_apply() -> None:
    assert breach(["low <= high"], {"low": 1.0}) is None


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ("low == high", "No draw meets an equation"),
        ("low <= hihg", "Did you mean 'high'?"),
        ("max-wait <= 3", "Write 'max-wait' in quotes."),
        ("kind <= 3", "compares numbers"),
        ("max(low, high) <= 1", "has 'max(low, high)'"),
        ("__import__('os').system('x') <= low", "compares parameters and numbers"),
        ("low", "is none"),
        ("low <=", "is none"),
        ("1 <= 2", "names no parameter"),
        ("low <= " + "(" * 500 + "1" + ")" * 500, "is none"),
        (lambda params: True, "is a comparison as text"),
    ],
)
def test_what_is_no_constraint_is_refused_while_the_dag_is_parsed(constraint: Any, words: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        declared(constraint)
    assert words in str(refused.value)


def test_a_start_point_that_breaks_one_is_refused_with_the_constraint_and_the_values() -> None:
    with pytest.raises(DeclarationError, match=r"breaks 'low \+ high <= 1', with low=0.8, high=0.7"):
        declared("low+high<=1", start_points=[{"low": 0.8, "high": 0.7}])
    assert declared("low+high<=1", start_points=[{"low": 0.8}]).start_points == [{"low": 0.8}]


def test_a_study_without_constraints_is_stored_and_compared_as_before() -> None:
    assert "constraints" not in declared().to_dict()
    assert "constraints" not in declared().search
    assert declared("low<=high").search_fingerprint == declared("low  <=  high").search_fingerprint
    assert declared("low<=high").search_fingerprint != declared().search_fingerprint
    assert Study.from_yaml(declared("low<=high").to_yaml()) == declared("low<=high")


def test_a_grid_wants_the_points_that_keep_its_constraints() -> None:
    space = {"a": Int(1, 3), "b": Int(1, 3)}
    assert declared("a < b", space=space, sampler="grid", max_trials=None).wanted == 3
    with pytest.raises(DeclarationError, match=r"each of its 9 breaks one, as 'a > b \+ 5', with a=1, b=1"):
        declared("a > b + 5", space=space, sampler="grid")
    with pytest.raises(DeclarationError, match="10,000 at most"):
        declared("a < b", space={"a": Int(1, 200), "b": Int(1, 200)}, sampler="grid")
