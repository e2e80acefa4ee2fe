"""Any data at all is a declaration that survives being written down, or an error that says why not."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_hpo.core.algorithms import Pruner, Sampler
from airflow_hpo.core.budget import most_batches, most_trials
from airflow_hpo.core.declared import Declared
from airflow_hpo.core.metrics.source import File, Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.pruner_options import PRUNERS
from airflow_hpo.core.sampler_options import SAMPLERS
from airflow_hpo.core.space.space import active, check_point
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.exceptions import DeclarationError
from tests.unit.bad_input.anything import anything, scalars, spoilt, texts

GOOD: dict[str, Any] = {
    "name": "demo",
    "space": {
        "x": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.25},
        "lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True},
        "n": {"type": "int", "low": 1, "high": 9, "step": 2},
        "c": {"type": "categorical", "choices": ["a", None, 2.5, True]},
        "d": {"type": "int", "low": 1, "high": 3, "when": {"c": ["a"]}},
    },
    "objective": {"metric": "loss", "direction": "maximize", "strategy": "mean", "window": 3, "extra_metrics": ["t"]},
    "max_trials": 20,
    "parallelism": 4,
    "batch_size": 2,
    "max_pending": 3,
    "max_failures": 3,
    "timeout": "PT2H",
    "patience": 5,
    "sampler": {"name": "tpe", "options": {"n_startup_trials": 5}},
    "pruner": {"name": "percentile", "options": {"percentile": 25.0}},
    "start_points": [{"x": 0.5, "c": "a", "d": 2}],
    "warm_start": {"mode": "points", "editions": 1, "trials": 3},
    "seed": 7,
}


def declared(kind: type[Declared], data: Any) -> Any:
    """Return the declaration; None where it is refused, in one printable sentence."""
    try:
        made = kind.from_dict(data)
    except DeclarationError as err:
        said = str(err)
    else:
        said = ""
    if said:
        assert len(said.encode()) < 5000
        return None
    again = kind.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
    assert again == made
    assert again.to_dict() == made.to_dict()
    return made


def test_the_good_one_is_good() -> None:
    assert declared(Study, GOOD) is not None


@given(spoilt(GOOD))
@example({**GOOD, "max_trials": 10**400})
@example({**GOOD, "timeout": 1e308})
@example({**GOOD, "seed": 10**400})
@example({**GOOD, "space": {"c": {"type": "categorical", "choices": ["\0"]}}, "start_points": []})
@example({**GOOD, "space": {"c": {"type": "categorical", "choices": ["\ud800"]}}, "start_points": []})
@settings(max_examples=150)
def test_a_study_with_a_spoilt_part_is_refused_clearly_or_whole(data: Any) -> None:
    study = declared(Study, data)
    if study is None:
        return
    assert Study.from_yaml(study.to_yaml()) == study
    assert len(study.fingerprint) == len(study.search_fingerprint) == 16
    assert 0 < study.batch <= study.slots <= study.wanted <= most_trials(study)
    assert most_batches(study) >= 1


@given(spoilt(GOOD))
def test_what_a_study_lets_a_trial_have_can_be_handed_to_a_program(data: Any) -> None:
    study = declared(Study, data)
    if study is None:
        return
    for point in study.start_points:
        request = TrialRequest(study="s@r", key="001/0", number=0, params=point)
        for name, value in request.environment().items():
            assert b"\0" not in os.fsencode(name) + os.fsencode(value)


@pytest.mark.parametrize("kind", [Study, Objective, Sampler, Pruner, Stdout, File, TrialRequest])
@given(anything)
@example({"self": None})
@settings(max_examples=60)
def test_anything_at_all_is_a_declaration_or_refused(kind: type[Declared], data: Any) -> None:
    declared(kind, data)


@given(st.sampled_from(sorted(SAMPLERS)), st.dictionaries(texts, scalars, max_size=2))
def test_any_options_of_a_sampler_are_taken_or_refused(name: str, options: dict[str, Any]) -> None:
    declared(Sampler, {"name": name, "options": options})


@given(st.sampled_from(sorted(PRUNERS)), st.data())
def test_any_value_of_a_pruners_options_is_taken_or_refused(name: str, data: st.DataObject) -> None:
    known = st.sampled_from(sorted(PRUNERS[name].model_fields) or ["x"])
    declared(Pruner, {"name": name, "options": data.draw(st.dictionaries(known, scalars, max_size=3))})


@given(st.dictionaries(st.sampled_from([*GOOD["space"], "other"]), scalars, max_size=5))
def test_any_point_lies_in_the_space_or_is_refused(point: dict[str, Any]) -> None:
    study = Study.from_dict(GOOD)
    try:
        found = check_point(study.space, point)
    except DeclarationError:
        return
    assert found == check_point(study.space, found)
    assert set(active(study.space, found)) <= set(study.space)


NO_YAML = [
    *("- {", "a: &x [*x]", "!!python/object:os.system x", "\t", "? ", "{" * 400, "[" * 1500),
    *(
        "2026-13-45",
        "9" * 5000,
        "0x",
        "!!int ''",
        "!!float x",
        "!!timestamp x",
        "!!binary é",
        "!!set [a]",
        "? [a]\n: b",
    ),
    *("12345678901234567890:1:1", "a: 2026-13-45", "<<: 3", "<<: [3]", "\ud800", "\0", "%YAML 9.9\n---\na"),
]


@pytest.mark.parametrize("text", NO_YAML, ids=range(len(NO_YAML)))
def test_what_yaml_stumbles_over_is_refused(text: str) -> None:
    with pytest.raises(DeclarationError):
        Study.from_yaml(text)


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(DeclarationError):
        Study.from_yaml(text)


@given(st.dictionaries(st.from_regex(r"\A[a-zA-Z_][\w.-]{0,9}\Z"), scalars, max_size=4))
def test_a_template_sees_any_parameter_under_its_own_name(params: dict[str, Any]) -> None:
    try:
        request = TrialRequest(study="s@r", key="001/0", number=1, params=params)
    except DeclarationError:
        return
    view = TrialView(request)
    assert {name: view.params[name] for name in view.params} == request.params
    assert len(request.label) <= 200
