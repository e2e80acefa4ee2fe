from __future__ import annotations

import pkgutil

import pytest

from tests.chaos import pod_steps, strikes

PLACES = sorted({step.place for step in (*strikes.STEPS, *pod_steps.STEPS)})


@pytest.mark.parametrize("place", PLACES)
def test_every_place_at_which_the_chaos_suite_holds_a_process_is_in_the_code(place: str) -> None:
    assert callable(pkgutil.resolve_name(place))
