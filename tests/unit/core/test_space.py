from __future__ import annotations

import itertools
import random
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_hpo.core.space.space import Categorical, Choice, Float, Int, Space, active, check_point, fits, ordered
from airflow_hpo.exceptions import DeclarationError

MODELS: Space = ordered(
    {
        "model": Categorical(["svm", "mlp", "none"]),
        "c": Float(0.1, 10, log=True, when={"model": "svm"}),
        "layers": Int(1, 3, when={"model": ["mlp"]}),
        "second": Int(8, 64, step=8, when={"model": "mlp", "layers": [2, 3]}),
    }
)


def test_a_stepped_float_yields_decimals_without_drift() -> None:
    assert list(Float(0, 1, step=0.1).values()) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert list(Float(-0.3, 0.35, step=0.15).values()) == [-0.3, -0.15, 0.0, 0.15, 0.3]
    assert list(Float(1e-5, 5e-5, step=2e-5).values()) == [1e-05, 3e-05, 5e-05]


def test_whole_numbers_too_large_for_a_float_are_refused_as_bounds() -> None:
    with pytest.raises(DeclarationError, match=r"less than 1\.8e308 apart"):
        Int(0, 10**400)


def test_a_step_as_long_as_the_range_fits_in_decimals() -> None:
    assert list(Float(0.2, 0.3, step=0.1).values()) == [0.2, 0.3]


@given(st.decimals(-10, 10, places=2), st.sampled_from(["0.1", "0.01", "0.25", "0.3"]), st.integers(1, 200))
def test_a_stepped_float_holds_what_it_yields_and_what_samplers_compute(low: Decimal, step: str, count: int) -> None:
    first, width = float(low), float(step)
    parameter = Float(first, float(low + count * Decimal(step)), step=width)
    values = list(parameter.values())

    assert len(values) == parameter.count == count + 1
    assert all(parameter.holds(value) and parameter.canonical(value) == value for value in values)
    for i, value in enumerate(values):
        drifted = min(max(first + i * width, parameter.low), parameter.high)
        assert parameter.holds(drifted)
        assert parameter.canonical(drifted) == value


@pytest.mark.parametrize("value", [0.05, 0.101, -0.1, 1.1, float("nan"), float("inf"), "0.1", True, None])
def test_a_stepped_float_holds_nothing_else(value: object) -> None:
    assert not Float(0, 1, step=0.1).holds(value)


def test_a_float_with_very_many_steps_still_tells_values_apart() -> None:
    assert not Float(0, 1e6, step=0.001).holds(999_999.0005)


def test_a_float_without_a_step_holds_both_bounds_and_whole_numbers() -> None:
    parameter = Float(0, 2)

    assert [parameter.holds(value) for value in (0, 0.0, 1, 1.5, 2, 2.0)] == [True] * 6
    assert (parameter.count, Float(3, 3).count) == (None, 1)
    assert list(Float(3, 3).values()) == [3.0]


def test_an_int_yields_and_holds_every_step_from_low() -> None:
    parameter = Int(60, 100, step=30)

    assert list(parameter.values()) == [60, 90]
    assert parameter.count == 2
    assert [value for value in range(200) if parameter.holds(value)] == [60, 90]


def test_a_float_may_have_more_steps_than_a_float_counts() -> None:
    assert Float(0, 1e30, step=1).count == 10**30 + 1


@pytest.mark.parametrize("value", [1.5, True, "1", None, float("nan"), float("inf"), 4.0])
def test_an_int_holds_whole_numbers_only(value: object) -> None:
    assert not Int(0, 3).holds(value)


def test_an_int_turns_an_equal_value_into_a_whole_one() -> None:
    assert Int(0, 3).holds(2.0)
    assert repr(Int(0, 3).canonical(2.0)) == "2"


def test_a_categorical_turns_an_equal_value_into_the_declared_one() -> None:
    assert Categorical([True, False]).canonical(1) is True
    assert repr(Categorical([1.0, "1"]).canonical(1)) == "1.0"
    assert not Categorical([1]).holds("1")
    assert Categorical([None]).holds(None)


def test_conditions_come_before_what_depends_on_them_in_any_order_of_declaration() -> None:
    for names in itertools.permutations(MODELS):
        place = {name: i for i, name in enumerate(ordered({name: MODELS[name] for name in names}))}
        assert place["model"] < min(place["c"], place["layers"])
        assert place["layers"] < place["second"]


def test_independent_parameters_keep_their_order() -> None:
    assert list(ordered({name: Int(0, 1) for name in "zyxab"})) == list("zyxab")


def test_condition_values_are_written_as_their_parameter_writes_them() -> None:
    space = ordered(
        {
            "flag": Categorical([True, False]),
            "rate": Float(0, 1, step=0.1),
            "a": Int(0, 1, when={"flag": 1, "rate": 0}),
        }
    )

    assert repr(space["a"].when) == "{'flag': [True], 'rate': [0.0]}"


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"model": "svm"}, ["model", "c"]),
        ({"model": "none", "layers": 2, "c": 1.0}, ["model"]),
        ({"model": "mlp"}, ["model", "layers"]),
        ({"model": "mlp", "layers": 1}, ["model", "layers"]),
        ({"model": "mlp", "layers": 2}, ["model", "layers", "second"]),
        ({"layers": 2}, ["model"]),
        ({}, ["model"]),
    ],
    ids=str,
)
def test_a_parameter_is_active_while_its_whole_condition_holds(params: dict[str, Choice], names: list[str]) -> None:
    assert active(MODELS, params) == names


def test_a_missing_value_does_not_meet_a_condition_on_none() -> None:
    space = ordered({"depth": Categorical([None, 3]), "x": Int(0, 1, when={"depth": None})})

    assert active(space, {}) == ["depth"]
    assert active(space, {"depth": None}) == ["depth", "x"]


def test_a_condition_on_a_stepped_float_knows_what_samplers_compute() -> None:
    space = ordered({"rate": Float(0, 1, step=0.1), "x": Int(0, 1, when={"rate": 0.3})})

    assert fits(space, {"rate": 0.1 + 0.2, "x": 1})


@pytest.mark.parametrize(
    ("params", "complete"),
    [
        ({"model": "mlp", "layers": 2, "second": 16}, True),
        ({"model": "none"}, True),
        ({"model": "mlp", "layers": 2}, False),
        ({"model": "none", "c": 1.0}, False),
        ({"model": "mlp", "layers": 1, "other": 1}, False),
        ({"model": "svm", "c": 11.0}, False),
        ({"c": 1.0}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_point_fits_when_every_active_parameter_and_no_other_has_a_value_in_range(
    params: dict[str, Choice], complete: bool
) -> None:
    assert fits(MODELS, params) is complete


def test_a_partial_point_may_leave_out_what_its_own_parameters_wait_for() -> None:
    assert check_point(MODELS, {"layers": 2, "model": "mlp"}) == {"layers": 2, "model": "mlp"}
    assert check_point(MODELS, {}) == {}


def test_a_point_is_completed_by_what_its_own_parameters_wait_for() -> None:
    whole = check_point(MODELS, {"second": 16})
    assert list(whole.items()) == [("model", "mlp"), ("layers", 2), ("second", 16)]
    space = ordered(
        {"m": Categorical(["a", "b", "c"]), "x": Int(0, 9, when={"m": ["c", "b"]}), "y": Int(0, 9, when={"m": "b"})}
    )
    assert check_point(space, {"x": 1}) == {"m": "c", "x": 1}
    assert check_point(space, {"x": 1, "y": 1}) == {"m": "b", "x": 1, "y": 1}


def test_a_point_for_which_a_parameter_would_need_two_values_is_refused() -> None:
    space = ordered({"m": Categorical(["a", "b"]), "x": Int(0, 9, when={"m": "a"}), "y": Int(0, 9, when={"m": "b"})})
    with pytest.raises(DeclarationError, match=r"but got x, y, for which 'm' would have several values at once\. Drop"):
        check_point(space, {"x": 1, "y": 1})


@given(st.randoms(use_true_random=False), st.data())
def test_whatever_part_of_a_point_is_given_each_value_of_it_is_kept(rng: random.Random, data: st.DataObject) -> None:
    params: dict[str, Choice] = {}
    for name, parameter in MODELS.items():
        if parameter.applies(params):
            params[name] = parameter.at(rng.randrange(parameter.count)) if parameter.count else 1.0
    part = {name: value for name, value in params.items() if data.draw(st.booleans())}
    whole = check_point(MODELS, part)
    assert part.items() <= whole.items()
    assert set(whole) <= set(active(MODELS, whole))


def test_a_point_comes_back_as_its_parameters_write_it() -> None:
    space: Space = {"flag": Categorical([False, True]), "x": Float(0, 1, step=0.1)}

    assert repr(check_point(space, {"x": 0.1 + 0.2, "flag": 1})) == "{'x': 0.3, 'flag': True}"


@given(st.randoms(use_true_random=False), st.data())
def test_a_random_complete_point_fits_until_a_value_is_taken_away_or_added(
    rng: random.Random, data: st.DataObject
) -> None:
    params: dict[str, Choice] = {}
    for name, parameter in MODELS.items():
        if parameter.applies(params):
            params[name] = 0.5 if isinstance(parameter, Float) else rng.choice(list(parameter.values()))
    assert fits(MODELS, params)
    assert check_point(MODELS, params) == params

    name = data.draw(st.sampled_from(list(MODELS)))
    changed = {key: value for key, value in params.items() if key != name}
    if name not in params:
        changed[name] = 0.5 if name == "c" else 8
    assume(changed != params)
    assert not fits(MODELS, changed)
