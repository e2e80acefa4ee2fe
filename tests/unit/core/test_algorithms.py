from __future__ import annotations

import importlib.util

import pytest

from airflow_hpo.core.algorithms import LIBRARIES, PRUNERS, SAMPLERS, Pruner, Sampler

NEEDED = {
    "hyperband": {"max_resource": 9},
    "percentile": {"percentile": 25},
    "threshold": {"lower": 0},
    "patient": {"patience": 2},
}
AVAILABLE = [name for name in SAMPLERS if name not in LIBRARIES or importlib.util.find_spec(LIBRARIES[name][0])]


@pytest.mark.parametrize("name", AVAILABLE)
def test_every_sampler_is_declared_by_its_name_alone(name: str) -> None:
    assert Sampler.from_yaml(Sampler(name).to_yaml()) == Sampler(name)


@pytest.mark.parametrize("name", PRUNERS)
def test_every_pruner_is_declared_by_its_name_and_what_it_needs(name: str) -> None:
    pruner = Pruner(name, **NEEDED.get(name, {}))

    assert Pruner.from_yaml(pruner.to_yaml()) == pruner


def test_options_may_stand_beside_the_name_or_under_options() -> None:
    beside = Sampler.from_dict({"name": "tpe", "n_startup_trials": 5})
    under = Sampler.from_dict({"name": "tpe", "options": {"n_startup_trials": 5}})

    assert beside == under == Sampler("tpe", n_startup_trials=5)


def test_only_what_was_chosen_is_kept_so_that_defaults_stay_optunas() -> None:
    assert Sampler("tpe", group=True).to_dict() == {"name": "tpe", "options": {"group": True}}
