"""What comes out of XCom, which anybody may write, is a request, a result, or refused."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_hpo.core.declared import Declared
from airflow_hpo.core.trial import TrialRecord, TrialRequest, TrialResult, TrialState
from airflow_hpo.core.trial_key import batch_and_index
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.trials.lost import abandoned
from tests.unit.bad_input.anything import anything, spoilt, texts

REQUEST: dict[str, Any] = {
    "study": "demo@manual__2026",
    "key": "001/0",
    "number": 3,
    "params": {"x": 0.5, "c": None, "b": True, "t": "{{ x }}"},
    "seed": 7,
}
RESULT: dict[str, Any] = {
    "study": "demo@r",
    "number": 3,
    "state": "complete",
    "value": 0.5,
    "metrics": {"t": 2.0},
    "params": {"x": 1},
    "attempt": 1,
    "replaces": 2,
}


def taken(kind: type[Declared], data: Any) -> Any:
    """Return what was made of the data, which survives another XCom; None where it was refused."""
    try:
        made = kind.from_dict(data)
    except DeclarationError:
        return None
    assert kind.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False))) == made
    return made


@given(spoilt(REQUEST))
@example({**REQUEST, "seed": 10**400})
@example({**REQUEST, "params": {"x": "\0"}})
@settings(max_examples=150)
def test_a_request_with_a_spoilt_part_is_refused_or_whole(data: Any) -> None:
    request = taken(TrialRequest, data)
    if request is None:
        return
    assert len(request.label) <= 200
    assert len(request.fingerprint) == 16


@given(spoilt(RESULT))
@example({**RESULT, "self": None})
@example({**RESULT, "metrics": {"\ud800": 1.0}})
def test_a_result_with_a_spoilt_part_is_refused_or_whole(data: Any) -> None:
    taken(TrialResult, data)


@pytest.mark.parametrize("kind", [TrialRequest, TrialResult])
@given(anything)
@settings(max_examples=50)
def test_anything_else_is_refused(kind: type[Declared], data: Any) -> None:
    assert taken(kind, data) is None


@given(st.dictionaries(st.sampled_from(["x", "a.b", "ä"]), st.none() | st.booleans() | st.integers() | texts))
def test_parameters_reach_a_program_or_are_refused_beforehand(params: dict[str, Any]) -> None:
    request = taken(TrialRequest, {**REQUEST, "params": params})
    if request is None:
        return
    for name, value in request.environment().items():
        assert b"\0" not in os.fsencode(name) + os.fsencode(value)


@given(texts | st.sampled_from(["001/0", "012/7#3#4", "x/1", "1/x", "/", "#", "1/-1", "²/1"]))
def test_a_strange_key_belongs_to_no_task_and_harms_no_look_at_the_study(key: str) -> None:
    batch, index = batch_and_index(key)
    assert isinstance(batch, int)
    assert isinstance(index, int)
    running = TrialRecord(number=0, state=TrialState.RUNNING, params={}, key=key)
    assert abandoned([running], {}) == []
