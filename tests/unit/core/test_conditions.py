"""Conditions under which a parameter exists: values, ranges, and several of which one is enough."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo import Between, Categorical, Float, Int, Study
from airflow_hpo.core.space import grid
from airflow_hpo.core.space.space import active, check_point, ordered
from airflow_hpo.exceptions import DeclarationError

LAYERS = {"layers": Int(1, 4)}


def declared(**space: Any) -> Study:
    return Study(name="demo", objective="loss", space=space, max_trials=9)


@pytest.mark.parametrize(
    ("wanted", "layers"),
    [
        (Between(2), [2, 3, 4]),
        (Between(high=2), [1, 2]),
        (Between(2, 3), [2, 3]),
        (Between(2.5), [3, 4]),
        (Between(3, 3), [3]),
    ],
)
def test_a_parameter_exists_within_a_range_of_another(wanted: Between, layers: list[int]) -> None:
    space = ordered({**LAYERS, "width": Int(8, 128, when={"layers": wanted})})
    assert [n for n in range(1, 5) if "width" in active(space, {"layers": n})] == layers


def test_a_range_holds_for_a_float_that_is_its_bound_but_for_rounding() -> None:
    assert Between(0.3).holds(0.1 + 0.2)
    assert Between(high=0.1 + 0.2).holds(0.3)


@pytest.mark.parametrize("value", ["3", True, None])
def test_a_range_holds_for_numbers_only(value: Any) -> None:
    assert not Between(0, 5).holds(value)


def test_of_several_conditions_one_is_enough() -> None:
    space = ordered(
        {
            "model": Categorical(["svm", "mlp", "forest"]),
            **LAYERS,
            "C": Float(0.1, 1.0, when=[{"model": "svm"}, {"model": "mlp", "layers": Between(3)}]),
        }
    )
    found = {(m, n): "C" in active(space, {"model": m, "layers": n}) for m in ("svm", "mlp", "forest") for n in (2, 3)}
    assert [key for key, there in found.items() if there] == [("svm", 2), ("svm", 3), ("mlp", 3)]


def test_a_range_of_choices_is_those_that_lie_in_it() -> None:
    space = ordered({"size": Categorical([16, 64, 256]), "x": Int(0, 1, when={"size": Between(50)})})
    assert space["x"].when == {"size": [64, 256]}


def test_one_condition_in_a_list_is_that_condition() -> None:
    assert Int(0, 1, when=[{"layers": 2}]) == Int(0, 1, when={"layers": [2]})


@pytest.mark.parametrize("when", [[], [{}], [{"layers": 2}, {}]])
def test_of_several_conditions_each_names_a_parameter(when: Any) -> None:
    with pytest.raises(
        DeclarationError, match=r"Each of several conditions names a parameter, but got .*Leave `when` out"
    ):
        Int(0, 1, when=when)


@pytest.mark.parametrize(
    ("made", "remedy"),
    [
        (lambda: Between(), r"Write Between\(2\), or Between\(high=4\)"),
        (lambda: Between(4, 2), r"Between\(2, 4\)"),
        (lambda: declared(**LAYERS, x=Int(0, 1, when={"layers": Between(5)})), r"'x' waits for Between\(low=5"),
        (lambda: declared(**LAYERS, x=Int(0, 1, when={"layers": Between(2.2, 2.8)})), r"Between\(1, 4\)"),
        (lambda: declared(m=Categorical(["a", 9]), x=Int(0, 1, when={"m": Between(10)})), r"when=\{'m': \['a'\]\}"),
        (lambda: declared(**LAYERS, x=Int(0, 1, when=[{"layers": 1}, {"layer": 2}])), "layers"),
    ],
)
def test_a_condition_that_never_holds_is_refused_with_one_that_does(made: Any, remedy: str) -> None:
    with pytest.raises(DeclarationError, match=remedy):
        made()


def test_a_start_point_is_completed_with_the_smallest_value_for_which_it_holds() -> None:
    space = ordered({**LAYERS, "width": Int(8, 128, when={"layers": Between(2.5)})})
    assert check_point(space, {"width": 64}) == {"layers": 3, "width": 64}


def test_a_start_point_is_completed_with_the_first_condition_that_it_allows() -> None:
    space = ordered(
        {
            "model": Categorical(["svm", "mlp"]),
            **LAYERS,
            "C": Int(0, 9, when=[{"model": "svm"}, {"model": "mlp", "layers": Between(2)}]),
        }
    )
    assert check_point(space, {"C": 1}) == {"model": "svm", "C": 1}
    assert check_point(space, {"C": 1, "model": "mlp"}) == {"model": "mlp", "layers": 2, "C": 1}


def test_a_start_point_that_keeps_a_later_condition_is_not_given_the_first() -> None:
    space = ordered(
        {
            **LAYERS,
            "width": Int(8, 64, when={"layers": Between(2)}),
            "x": Int(0, 1, when=[{"layers": 1}, {"width": Between(32)}]),
        }
    )
    assert check_point(space, {"width": 40, "x": 1}) == {"layers": 2, "width": 40, "x": 1}


def test_a_point_outside_all_conditions_is_refused() -> None:
    space = ordered({**LAYERS, "x": Int(0, 1, when=[{"layers": 1}, {"layers": Between(4)}])})
    with pytest.raises(DeclarationError, match="Drop 'x'"):
        check_point(space, {"layers": 2, "x": 1})


def test_a_range_over_millions_of_values_is_counted_at_once() -> None:
    space = ordered({"n": Int(1, 10_000_000), "x": Int(0, 1, when={"n": Between(4_000_001)})})
    assert grid.size(space) == 4_000_000 + 2 * 6_000_000


def test_a_study_with_ranges_survives_yaml_and_keeps_its_fingerprint() -> None:
    study = declared(**LAYERS, x=Int(0, 1, when=[{"layers": Between(2, 3)}, {"layers": 4}]))
    assert Study.from_yaml(study.to_yaml()) == study


def test_a_range_is_written_in_yaml_by_its_bounds() -> None:
    study = Study.from_dict(
        {
            "name": "demo",
            "objective": "loss",
            "max_trials": 9,
            "space": {
                "layers": {"type": "int", "low": 1, "high": 4},
                "x": {"type": "int", "low": 0, "high": 1, "when": {"layers": {"low": 2}}},
            },
        }
    )
    assert study.space["x"].when == {"layers": Between(2)}
