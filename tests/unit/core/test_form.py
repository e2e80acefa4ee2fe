"""The form of a run: its fields, and the study that comes of what was chosen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from airflow_hpo.core.form import fields, formed
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.settings import differences, shown_setting
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError

STUDY = Study(
    name="demo",
    objective="loss",
    space={
        "x": Float(0, 1),
        "n": Int(2, 10, step=2),
        "kind": Categorical(["svm", "mlp", True]),
        "gamma": Float(0.1, 1, log=True, when={"kind": ["svm", "mlp"]}),
    },
    max_trials=10,
    parallelism=4,
    max_parallelism=6,
    timeout=timedelta(hours=12),
    start_points=[{"x": 0.9}, {"x": 0.1}],
)
LAYOUT = Layout.of(STUDY, 100, continuous=True)


def of(ranges: bool = True, **given: Any) -> Study:
    return formed(STUDY, LAYOUT, {name.replace("__", "."): value for name, value in given.items()}, ranges=ranges)


def told(study: Study) -> dict[str, str]:
    return {name: shown_setting(new) for name, (_, new) in differences(STUDY, study).items()}


def test_what_is_declared_fits_the_form_and_changes_nothing() -> None:
    found = fields(STUDY, LAYOUT, ranges=True)
    for field in found.values():
        jsonschema.validate(field.default, dict(field.schema))
    assert formed(STUDY, LAYOUT, {name: field.default for name, field in found.items()}, ranges=True) is STUDY
    assert found["max_trials"].schema["maximum"] == 76
    assert found["parallelism"].schema["maximum"] == 6
    assert found["timeout"].default == "12h"
    assert "grid" not in found["sampler"].schema["enum"]


def test_what_is_chosen_is_the_study_of_the_run() -> None:
    study = of(max_trials=76.0, parallelism="6", timeout="90m", sampler="random", space__x__low=0, space__x__high=0.5)
    assert told(study) == {
        "max_trials": "76",
        "parallelism": "6",
        "timeout": "1:30:00",
        "sampler": "random",
        "range of x": "0.0 to 0.5",
    }
    assert study.start_points == [{"x": 0.1}]
    assert of(timeout=None).timeout is None
    assert of(timeout="43200", sampler=None, space__x__low=None) is STUDY


def test_choices_are_some_of_those_declared_as_they_are_or_as_text() -> None:
    assert told(of(space__kind=["true", "svm"])) == {"range of kind": "svm, True"}
    assert of(space__kind=["svm", True]).space["gamma"].when == {"kind": ["svm"]}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_trial": 5}, "has no 'max_trial'. Did you mean 'max_trials'"),
        ({"max_trials": 77}, "laid out for 100 trials.*77 trials may need 101.*Write max_trials=77"),
        ({"max_trials": True}, "whole number"),
        ({"parallelism": 7}, "laid out for 6 trials at once.*max_parallelism=7"),
        ({"parallelism": 7.5}, "whole number"),
        ({"timeout": "soon"}, "timeout"),
        ({"sampler": "grid"}, "countable"),
        ({"space__x__low": -0.5}, "inside the declared one.*Take 0.0"),
        ({"space__x__low": "a"}, "inside the declared one"),
        ({"space__x__low": 0.6, "space__x__high": 0.5}, "Swap them"),
        ({"space__n__low": 3}, "inside the declared one.*Take 2"),
        ({"space__kind": []}, "some of those declared"),
        ({"space__kind": ["svn"]}, "Did you mean 'svm'"),
        ({"space__kind": [["svm"]]}, "some of those declared"),
        ({"space__kind": [True]}, "'gamma' waits for"),
        ({"space__y__low": 1}, "has no 'space.y.low'"),
    ],
)
def test_what_is_not_possible_is_refused_with_the_reason(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        of(**given)


def test_ranges_are_not_offered_where_runs_share_an_edition() -> None:
    assert not [name for name in fields(STUDY, LAYOUT, ranges=False) if name.startswith("space.")]
    with pytest.raises(DeclarationError, match="has no"):
        of(ranges=False, space__x__low=0.5)


def test_a_grid_is_narrowed_and_leaves_its_sampler_with_all_of_its_points() -> None:
    file = Study(name="g", objective="loss", space={"n": Int(1, 8)}, sampler="grid")
    layout = Layout.of(file, 100, continuous=False)
    assert formed(file, layout, {"max_trials": 8, "space.n.high": 4}, ranges=True).wanted == 4
    assert formed(file, layout, {"sampler": "random"}, ranges=True).max_trials == 8


@pytest.mark.parametrize("continuous", [True, False])
@pytest.mark.parametrize("count", ["successful", "finished"])
@pytest.mark.parametrize("max_failures", [None, 0, 7])
def test_the_largest_study_has_places_for_all_of_its_trials_and_one_more_has_not(
    continuous: bool, count: Any, max_failures: int | None
) -> None:
    study = Study(
        name="a", objective="l", space={"x": Float(0, 1)}, max_trials=90, count=count, max_failures=max_failures
    )
    layout = Layout.of(study, 50, continuous=continuous)
    largest = layout.largest(study)
    bigger = [study.model_copy(update={"max_trials": largest + more, "parallelism": study.slots}) for more in (0, 1)]
    assert [layout.refusal(each) is None for each in bigger] == [True, False]
