from __future__ import annotations

import pytest

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Categorical, Float, Int, Space
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.optuna.rehearsal import rehearse

OTHERS = "tests.unit.optuna.samplers_of_others"
SPACE: Space = {"x": Float(-5, 5), "y": Float(-5, 5)}
MIXED: Space = {"x": Float(-5, 5), "n": Int(1, 9, when={"c": "a"}), "c": Categorical(["a", "b"])}


def declared(sampler: Sampler, space: Space = SPACE, direction: str = "minimize") -> Study:
    objective = Objective("loss", direction=direction)
    return Study(name="demo", space=space, objective=objective, max_trials=40, sampler=sampler)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize(
    "sampler",
    [
        Sampler(f"{OTHERS}:Nearby", width=0.5),
        Sampler(f"{OTHERS}:Keeping", width=0.5),
        Sampler(f"{OTHERS}:Delegating"),
        Sampler(f"{OTHERS}:Cached"),
        Sampler("optuna.samplers:QMCSampler"),
        Sampler("optuna.samplers:CmaEsSampler"),
        Sampler("optuna.samplers:NSGAIIISampler"),
    ],
    ids=lambda each: each.name.rpartition(":")[2] if isinstance(each, Sampler) else each,
)
def test_a_sampler_that_knows_all_from_the_study_is_taken(sampler: Sampler, direction: str) -> None:
    rehearse(declared(sampler, direction=direction))


@pytest.mark.parametrize("name", ["TPESampler", "RandomSampler", "NSGAIISampler", "CmaEsSampler"])
def test_optunas_own_classes_are_taken_for_spaces_with_conditions(name: str) -> None:
    rehearse(declared(Sampler(f"optuna.samplers:{name}"), MIXED))


def test_brute_force_is_taken_for_a_space_with_fewer_points_than_are_rehearsed() -> None:
    rehearse(declared(Sampler("optuna.samplers:BruteForceSampler"), {"n": Int(1, 3)}))


def test_a_sampler_with_a_name_here_is_not_rehearsed() -> None:
    rehearse(declared(Sampler("tpe")))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Counting", ["keeps `asked` in its object", "hpo_caches = ('asked',)"]),
        ("Queue", ["3 new objects in a row suggested {'x': 0.1", "study's trials"]),
        ("Learning", ["after_trial", "changes `values`"]),
        ("Noting", ["after_trial", "writes the study's system attribute 'generation'"]),
        ("Writing", ["writes the study's user attribute 'phase'", "set_study_system_attr"]),
        ("Pareto", ["one objective", "ValueError: at least two objectives are needed."]),
    ],
)
def test_a_sampler_that_needs_one_object_for_all_trials_is_refused_with_the_reason(name: str, words: list[str]) -> None:
    with pytest.raises(DeclarationError) as err:
        rehearse(declared(Sampler(f"{OTHERS}:{name}")))
    assert [word for word in words if word not in str(err.value)] == []


def test_a_sampler_that_cannot_take_the_space_is_refused_with_what_it_says() -> None:
    with pytest.raises(
        DeclarationError, match="for this space and one objective, but asked for them it ended in ValueError"
    ):
        rehearse(declared(Sampler("optuna.samplers:BruteForceSampler")))
