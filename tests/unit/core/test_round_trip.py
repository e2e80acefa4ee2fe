from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_hpo.core.algorithms import Pruner, Sampler
from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.warm_start import WarmStart

TRICKY = [
    "1e-5",
    "1E3",
    "+1e+2",
    "1:30",
    "yes",
    "null",
    "~",
    "0x1F",
    " ",
    "é\u2028\x85",
    "<<",
    "=",
    "-",
    "'",
    '"',
    "2001-01-01",
]
SPOKEN = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(SPOKEN, max_size=8) | st.sampled_from(TRICKY)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
names = st.from_regex(r"\A[a-z][a-z0-9]{0,6}\Z")
samplers = st.sampled_from(
    [
        "tpe",
        "random",
        {"name": "qmc", "options": {"scramble": False}},
        Sampler("tpe", n_startup_trials=None, group=True),
    ]
)
pruners = st.sampled_from(["none", "median", Pruner("hyperband", max_resource=9), Pruner("percentile", percentile=25)])
timeouts = st.none() | st.integers(1, 10**8) | st.timedeltas(timedelta(microseconds=1), timedelta(days=9999))


@st.composite
def floats(draw: st.DrawFn) -> Float:
    ends = st.floats(-1e9, 1e9) | st.integers(-1000, 1000)
    low, high = sorted([draw(ends), draw(ends)])
    if low > 0 and draw(st.booleans()):
        return Float(low, high, log=True)
    step = draw(st.sampled_from([None, 0.1, 0.25, 1]))
    return Float(low, high, step=step if high - low > 1.5 else None)


@st.composite
def ints(draw: st.DrawFn) -> Int:
    low, high = sorted([draw(st.integers(-1000, 1000)), draw(st.integers(-1000, 1000))])
    return Int(low, high, step=draw(st.integers(1, max(1, high - low))))


categoricals = st.lists(scalars, min_size=1, max_size=5, unique=True).map(Categorical)


@st.composite
def spaces(draw: st.DrawFn) -> dict[str, Float | Int | Categorical]:
    """Parameters, every second of which waits for a value of the first, a categorical."""
    root: Categorical = draw(categoricals)
    space: dict[str, Float | Int | Categorical] = {"Root": root}
    for i, name in enumerate(draw(st.lists(names, max_size=4, unique=True))):
        parameter = draw(floats() | ints() | categoricals)
        value = draw(st.sampled_from(root.choices))
        when = [None, {"Root": value}, {"Root": [value]}][i % 3]
        space[name] = type(parameter)(**{**parameter.model_dump(exclude={"type"}), "when": when})
    return space


@st.composite
def objectives(draw: st.DrawFn) -> Objective | str:
    mean = {"strategy": "mean", "window": draw(st.integers(1, 9))}
    how = draw(st.sampled_from([{}, {"strategy": "best"}, mean]))
    goal = draw(st.none() | st.integers(-9, 9) | st.floats(-9, 9))
    declared = Objective("val/loss", draw(st.sampled_from(["minimize", "maximize"])), goal=goal, **how)
    return draw(st.sampled_from(["loss", declared]))


@st.composite
def studies(draw: st.DrawFn) -> Study:
    space = draw(spaces())
    root = space["Root"]
    assert isinstance(root, Categorical)
    return Study(
        name="family/a.b-c",
        space=space,
        objective=draw(objectives()),
        max_trials=draw(st.integers(1, 10**6)),
        count=draw(st.sampled_from(["successful", "finished"])),
        max_pending=draw(st.none() | st.integers(1, 99)),
        timeout=draw(timeouts),
        sampler=draw(samplers),
        pruner=draw(pruners),
        start_points=[{"Root": value} for value in root.choices],
        warm_start=draw(
            st.none()
            | st.builds(WarmStart, mode=st.sampled_from(["points", "values"]))
            | st.just(WarmStart(studies=["a/*"]))
            | st.just(WarmStart(editions="all"))
            | st.just(WarmStart(results="/data/results.csv"))
        ),
        seed=draw(st.integers(0, 2**40)),
    )


@given(studies())
@settings(max_examples=60, deadline=None)
def test_a_study_survives_dict_json_and_yaml_with_its_fingerprint(study: Study) -> None:
    again = [
        Study.from_dict(study.to_dict()),
        Study.from_dict(json.loads(json.dumps(study.to_dict()))),
        Study.from_yaml(study.to_yaml()),
        Study.from_yaml(json.dumps(study.to_dict())),
    ]

    assert [other.fingerprint for other in again] == [study.fingerprint] * 4
    assert [other.search_fingerprint for other in again] == [study.search_fingerprint] * 4
    assert all(other == study and other.to_dict() == study.to_dict() for other in again)


@given(st.dictionaries(texts, scalars | st.lists(scalars), max_size=6), st.randoms(use_true_random=False))
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(data: dict[str, Any], random: Any) -> None:
    shuffled = list(data.items())
    random.shuffle(shuffled)

    assert fingerprint(dict(shuffled)) == fingerprint(data)


def test_a_fingerprint_is_the_same_in_every_process(make_study: Callable[..., Study]) -> None:
    study = make_study(objective=Objective("loss", extra_metrics={"a", "b", "c", "d", "e"}))
    code = (
        "from airflow_hpo.core.study import Study; from airflow_hpo.core.objective import Objective;"
        "from airflow_hpo.core.space.space import Float;"
        "print(Study(max_trials=10, objective=Objective('loss', extra_metrics={'e','d','c','b','a'}),"
        "space={'x': Float(0, 1)}, name='s').fingerprint)"
    )

    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        printed = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert printed.stdout.strip() == study.fingerprint


def test_a_fingerprint_is_pinned_because_stored_studies_are_compared_by_it(make_study: Callable[..., Study]) -> None:
    study = make_study()

    assert (study.fingerprint, study.search_fingerprint) == ("c6b4c21948c10ad8", "d28ba0d932bcdd0d")


def test_none_survives_as_a_choice_a_condition_and_a_start_point(make_study: Callable[..., Study]) -> None:
    space = {"depth": Categorical([None, 3]), "x": Float(0, 1, when={"depth": None})}
    study = make_study(space=space, start_points=[{"depth": None, "x": 0.5}])

    again = Study.from_yaml(study.to_yaml())

    assert again.space["depth"].choices == [None, 3]  # type: ignore[union-attr]
    assert again.space["x"].when == {"depth": [None]}
    assert again.start_points == [{"depth": None, "x": 0.5}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"space": {"x": Float(0, 1)}}, {"space": {"x": Float(0.0, 1.0)}}, id="whole bounds of a float"),
        pytest.param(
            {"space": {"x": Float(0, 1)}}, {"space": {"x": {"type": "float", "low": 0, "high": 1}}}, id="mapping"
        ),
        pytest.param({"timeout": 3600}, {"timeout": timedelta(hours=1)}, id="seconds"),
        pytest.param({"timeout": "PT1H"}, {"timeout": timedelta(hours=1)}, id="duration as text"),
        pytest.param({"objective": "loss"}, {"objective": Objective("loss")}, id="objective by name"),
        pytest.param({"sampler": "random"}, {"sampler": Sampler("random")}, id="sampler by name"),
        pytest.param({"start_points": [{"x": 1}]}, {"start_points": [{"x": 1.0}]}, id="whole start value of a float"),
        pytest.param({"space": {"x": Float(0, 1, when={})}}, {"space": {"x": Float(0, 1)}}, id="empty condition"),
    ],
)
def test_two_ways_to_write_the_same_have_one_fingerprint(
    make_study: Callable[..., Study], one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert make_study(**one).fingerprint == make_study(**other).fingerprint


@pytest.mark.parametrize("choices", [[True, False], [1, 0], [1.0, 0.0]], ids=str)
def test_booleans_numbers_and_text_stay_what_they_are(make_study: Callable[..., Study], choices: list[Any]) -> None:
    study = make_study(space={"x": Categorical(choices), "y": Int(0, 1, when={"x": 1})}, start_points=[{"x": 0}])
    again = Study.from_yaml(study.to_yaml())

    seen = [*again.space["x"].values(), *(again.space["y"].when or {})["x"], again.start_points[0]["x"]]

    assert [repr(value) for value in seen] == [repr(value) for value in [*choices, choices[0], choices[1]]]


def test_booleans_and_numbers_are_different_declarations(make_study: Callable[..., Study]) -> None:
    kinds = ([True, False], [1, 0], [1.0, 0.0], ["1", "0"])

    assert len({make_study(space={"x": Categorical(kind)}).fingerprint for kind in kinds}) == 4


@pytest.mark.parametrize(
    ("change", "comparable"),
    [
        ({"max_trials": 11}, True),
        ({"max_pending": 2}, True),
        ({"sampler": "random"}, True),
        ({"seed": 1}, True),
        ({"name": "t"}, True),
        ({"start_points": [{"x": 0.5}]}, True),
        ({"objective": Objective("loss", goal=0.1, extra_metrics=["time"])}, True),
        ({"objective": "error"}, False),
        ({"objective": Objective("loss", "maximize")}, False),
        ({"objective": Objective("loss", strategy="best")}, False),
        ({"objective": Objective("loss", strategy="mean", window=2)}, False),
        ({"space": {"x": Float(0, 2)}}, False),
        ({"space": {"y": Float(0, 1)}}, False),
    ],
    ids=str,
)
def test_only_space_metric_direction_and_strategy_make_results_incomparable(
    make_study: Callable[..., Study], change: dict[str, Any], comparable: bool
) -> None:
    one, other = make_study(), make_study(**change)

    assert one.fingerprint != other.fingerprint
    assert (one.search_fingerprint == other.search_fingerprint) is comparable


def test_a_small_number_in_yaml_is_a_number_and_quoted_text_is_text() -> None:
    study = Study.from_yaml(
        """
        name: s
        objective: loss
        max_trials: 10
        space:
          lr: {type: float, low: 1e-5, high: 1E-1, log: true}
          tag: {type: categorical, choices: ["1e-5", 1e-5]}
        """
    )

    assert (study.space["lr"].low, study.space["lr"].high) == (1e-5, 0.1)  # type: ignore[union-attr]
    assert study.space["tag"].choices == ["1e-5", 1e-5]  # type: ignore[union-attr]
