from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable

import pytest
from optuna.samplers import CmaEsSampler, GPSampler, NSGAIISampler, QMCSampler, TPESampler

from airflow_hpo.core.algorithms import LIBRARIES, Pruner, Sampler
from airflow_hpo.core.pruner_options import PRUNERS
from airflow_hpo.core.sampler_options import SAMPLERS
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError

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


@pytest.mark.parametrize("name", ["tpe", "qmc", "cmaes", "gp", "nsga2"])
def test_an_option_that_only_optuna_has_is_refused_with_what_holds_instead(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_hpo.core.algorithms.LIBRARIES", {})

    for option, instead in vars(SAMPLERS[name])["not_taken"].items():
        with pytest.raises(
            DeclarationError, match=f"Sampler '{name}' does not take '{option}', but got {option}=1"
        ) as err:
            Sampler(name, **{option: 1})
        assert str(err.value).endswith(instead)


def test_every_option_of_optunas_samplers_is_taken_or_refused_by_its_name() -> None:
    built = {"tpe": TPESampler, "qmc": QMCSampler, "cmaes": CmaEsSampler, "gp": GPSampler, "nsga2": NSGAIISampler}

    for name, sampler in built.items():
        known = SAMPLERS[name].model_fields.keys() | vars(SAMPLERS[name])["not_taken"].keys()
        assert inspect.signature(sampler).parameters.keys() - known == set()


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: Sampler("tpe", gamma="mine"), ["`gamma`", "'default' or 'hyperopt'", "'mine'"]),
        (lambda: Sampler("tpe", group=True, multivariate=False), ["(group=True, multivariate=False)"]),
        (lambda: Sampler("cmaes", sigma0=0.0), ["`sigma0`", "above 0", "0.0"]),
        (lambda: Sampler("cmaes", x0={"x": "1"}), ["`x0['x']`", "number", "'1'"]),
        (lambda: Sampler("cmaes", lr_adapt=True, with_margin=True), ["one variant", "Leave lr_adapt out."]),
        (lambda: Sampler("nsga2", crossover="undx", population_size=2), ["3 parents", "population_size=2"]),
    ],
)
def test_a_wrong_option_of_a_sampler_is_refused(declare: Callable[[], Sampler], words: list[str]) -> None:
    with pytest.raises(DeclarationError) as err:
        declare()
    assert [word for word in words if word not in str(err.value)] == []


@pytest.mark.parametrize("mean", [{}, {"x": 0.5}, {"x": 0.5, "n": 1, "c": 1}, {"x": 7.0, "n": 1}])
def test_the_mean_of_cmaes_is_a_point_of_the_numeric_parameters(mean: dict[str, float]) -> None:
    space = {"x": Float(0, 1), "n": Int(1, 9), "c": Categorical([1, 2])}

    with pytest.raises(DeclarationError, match="has a value for each numeric parameter, in its range"):
        Study(name="demo", space=space, objective="loss", max_trials=9, sampler=Sampler("cmaes", x0=mean))
