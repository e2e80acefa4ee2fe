"""Whatever JSON may hold, and good data with one part of it spoilt."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

HUGE = [2**53 + 1, 2**63, -(2**64), 10**400, 1e308, -0.0, 5e-324, float("nan"), float("inf")]
ODD_TEXTS = ["", " ", "\0", "\ud800", "\n", "é", "١٢", "nan", "1e5", "{{ x }}", "a" * 300, "__class__", "😀", "'; --"]

texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=6)
numbers = st.sampled_from(HUGE) | st.integers(-3, 100) | st.floats()
scalars = st.none() | st.booleans() | numbers | texts
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
"""What ``json.loads`` can return: lone surrogates, huge integers, NaN and infinities included."""


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every part of nested data."""
    yield path
    if isinstance(data, Mapping | list):
        for key in data if isinstance(data, Mapping) else range(len(data)):
            yield from places(data[key], (*path, key))


@st.composite
def spoilt(draw: st.DrawFn, good: Any) -> Any:
    """Replace, remove or add one or two parts of good data."""
    data = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(places(data))[1:] or [()]))
        if not path:
            return draw(anything)
        parent = data
        for key in path[:-1]:
            parent = parent[key]
        how = draw(st.sampled_from(["replace", "remove", "add"]))
        if how == "remove":
            del parent[path[-1]]
        elif how == "add" and isinstance(parent, dict):
            parent[draw(texts)] = draw(anything)
        else:
            parent[path[-1]] = draw(anything)
    return data
