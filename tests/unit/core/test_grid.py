from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.space import grid
from airflow_hpo.core.space.condition import Between
from airflow_hpo.core.space.space import Categorical, Float, Int, Space, fits, ordered


@st.composite
def condition_on(draw: st.DrawFn, space: Space) -> dict[str, Any]:
    """A condition on parameters of a space: values that they have, or of numbers a range."""
    found: dict[str, Any] = {}
    for parent in draw(st.lists(st.sampled_from(list(space)), unique=True, max_size=2)):
        values = list(space[parent].values())
        if not isinstance(space[parent], Categorical) and draw(st.booleans()):
            low, high = sorted(draw(st.lists(st.sampled_from(values), min_size=2, max_size=2)))
            found[parent] = draw(st.sampled_from([Between(low, high), Between(low), Between(high=high)]))
        else:
            found[parent] = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
    return found


@st.composite
def countable_spaces(draw: st.DrawFn) -> Space:
    """Up to four small parameters, each of which may wait for values of those before it."""
    space: Space = {}
    for i in range(draw(st.integers(1, 4))):
        parameter = draw(
            st.sampled_from(
                [Int(1, 3), Categorical(["a", None, True]), Float(0, 1, step=0.5), Float(2, 2), Int(0, 7, step=4)]
            )
        )
        conditions = [draw(condition_on(space)) for _ in range(draw(st.integers(0, 2)))] if space else []
        when = [each for each in conditions if each] or None
        space[f"p{i}"] = type(parameter)(**{**parameter.model_dump(exclude={"type"}), "when": when})
    return ordered(space)


@given(countable_spaces())
def test_a_grid_has_every_complete_point_once_and_knows_how_many(space: Space) -> None:
    points = list(grid.points(space))

    assert all(fits(space, point) for point in points)
    assert len({repr(sorted(point.items())) for point in points}) == len(points) == grid.size(space)


@given(countable_spaces())
def test_a_grid_misses_no_point(space: Space) -> None:
    everything: list[dict[str, object]] = [{}]
    for name, parameter in space.items():
        everything = [point | extra for point in everything for extra in ({}, *({name: v} for v in parameter.values()))]

    assert sum(fits(space, point) for point in everything) == grid.size(space)  # type: ignore[arg-type]


@given(countable_spaces(), st.data())
def test_a_grid_with_some_values_fixed_has_the_points_that_have_them(space: Space, data: st.DataObject) -> None:
    every = list(grid.points(space))
    some = data.draw(st.sampled_from(every))
    fixed = {name: some[name] for name in data.draw(st.sets(st.sampled_from(sorted(some))))}

    wanted = [repr(point) for point in every if all(repr(point.get(k, ...)) == repr(v) for k, v in fixed.items())]
    assert [repr(grid.point(space, index, fixed)) for index in range(grid.size(space, fixed))] == wanted


@given(st.integers(1, 300), st.integers(0, 9))
def test_a_shuffled_order_has_every_number_once(count: int, seed: int) -> None:
    assert sorted(grid.shuffled(index, count, seed) for index in range(count)) == list(range(count))


def test_a_point_of_a_huge_conditional_grid_is_reached_by_its_number() -> None:
    space: Space = {f"p{i}": Int(0, 10**6) for i in range(6)}
    space["last"] = Int(1, 2, when={"p0": [3, 4]})
    end = grid.point(space, grid.size(space) - 1)

    assert end == {f"p{i}": 10**6 for i in range(6)}
    assert grid.point(space, 0) == {f"p{i}": 0 for i in range(6)}


def test_the_last_parameter_changes_fastest() -> None:
    space: Space = {"a": Categorical(["x", "y"]), "b": Int(1, 2)}

    assert [tuple(point.values()) for point in grid.points(space)] == [("x", 1), ("x", 2), ("y", 1), ("y", 2)]


def test_a_huge_conditional_grid_is_sized_without_visiting_it() -> None:
    space: Space = {f"p{i}": Int(0, 10**6) for i in range(6)}
    space["last"] = Int(1, 2, when={"p0": [3, 4]})

    assert grid.size(ordered(space)) == (10**6 + 1) ** 5 * (10**6 - 1 + 2 * 2)


def test_only_a_float_with_values_between_its_bounds_is_uncountable() -> None:
    assert grid.countable({"a": Int(0, 1), "b": Categorical([1]), "c": Float(0, 1, step=0.1), "d": Float(1, 1)})
    assert not grid.countable({"a": Int(0, 1), "b": Float(0, 1)})


def test_a_grid_with_more_points_than_a_machine_counts_is_walked() -> None:
    space = ordered({"f": Float(0, 1e30, step=1), "n": Int(0, 2**53, when={"f": 3.0})})
    assert grid.point(space, 3) == {"f": 3.0, "n": 0}
    assert grid.point(space, grid.size(space) - 1) == {"f": 1e30}
