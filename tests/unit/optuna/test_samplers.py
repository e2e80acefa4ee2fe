from __future__ import annotations

import pytest
from optuna.samplers import CmaEsSampler, NSGAIISampler, QMCSampler, RandomSampler, TPESampler

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.space.space import Categorical, Float
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.samplers import inherit_search_space, sampler_for, startup_trials

OPTIONS = {
    "tpe": {
        "n_startup_trials": 7,
        "n_ei_candidates": 12,
        "multivariate": False,
        "constant_liar": False,
        "gamma": "hyperopt",
        "prior_weight": 0.5,
        "consider_magic_clip": False,
        "consider_endpoints": True,
    },
    "random": {},
    "grid": {},
    "qmc": {"qmc_type": "halton", "scramble": False},
    "cmaes": {
        "n_startup_trials": 2,
        "popsize": 6,
        "lr_adapt": True,
        "sigma0": 0.2,
        "x0": {"x": 0.5},
        "consider_pruned_trials": True,
    },
    "nsga2": {
        "population_size": 8,
        "crossover": "undx",
        "mutation": "polynomial",
        "mutation_prob": 0.1,
        "crossover_prob": 0.5,
        "swapping_prob": 0.4,
    },
}


def declared(sampler: Sampler | str = "tpe", **options: object) -> Study:
    space = {"x": Float(0, 1, step=0.1)}
    return Study(
        **{"name": "demo", "space": space, "objective": "loss", "max_trials": 40, "sampler": sampler, **options}
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_every_sampler_takes_its_options_without_a_warning(name: str) -> None:
    assert sampler_for(declared(Sampler(name, **OPTIONS[name])), "demo@1", 1) is not None


@pytest.mark.parametrize(("max_trials", "expected"), [(1, 5), (10, 6), (40, 12), (100, 20), (5000, 20)])
def test_start_up_grows_with_the_root_of_the_budget(max_trials: int, expected: int) -> None:
    study = declared(max_trials=max_trials)
    assert startup_trials(study) == expected
    sampler = sampler_for(study, "demo@1", 1)
    assert isinstance(sampler, TPESampler)
    assert sampler._n_startup_trials == expected


def test_about_a_tenth_of_tpes_trials_is_random() -> None:
    kinds = [type(sampler_for(declared(), "demo@1", seed)) for seed in range(1000)]
    assert set(kinds) == {TPESampler, RandomSampler}
    assert 70 < kinds.count(RandomSampler) < 130


def test_without_a_random_fraction_every_trial_is_tpes() -> None:
    plain = declared(Sampler("tpe", random_fraction=0.0))
    assert {type(sampler_for(plain, "demo@1", seed)) for seed in range(200)} == {TPESampler}


def test_a_start_up_that_was_declared_holds() -> None:
    sampler = sampler_for(declared(Sampler("tpe", n_startup_trials=3)), "demo@1", 1)
    assert isinstance(sampler, TPESampler)
    assert sampler._n_startup_trials == 3


def test_a_population_is_one_round_of_all_slots() -> None:
    sampler = sampler_for(declared("nsga2", parallelism=8), "demo@1", 1)
    assert isinstance(sampler, NSGAIISampler)
    assert sampler.population_size == 8


def test_groups_are_modelled_only_in_conditional_spaces() -> None:
    conditional = {"a": Categorical([1, 2]), "b": Float(0, 1, when={"a": 1})}
    flat, grouped = (sampler_for(declared(space=space), "demo@1", 1) for space in ({"a": Float(0, 1)}, conditional))
    assert isinstance(flat, TPESampler)
    assert isinstance(grouped, TPESampler)
    assert (flat._group, grouped._group) == (False, True)


def test_a_low_discrepancy_sequence_has_one_seed_for_all_trials() -> None:
    one, two = (sampler_for(declared("qmc"), "demo@1", seed) for seed in (1, 2))
    assert isinstance(one, QMCSampler)
    assert isinstance(two, QMCSampler)
    assert one._seed == two._seed


@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_the_common_search_space_is_found_once_a_batch(name: str) -> None:
    earlier, sampler = (sampler_for(declared(name), "demo@1", seed) for seed in (1, 2))
    inherit_search_space(sampler, earlier)
    assert vars(sampler)["_search_space"] is vars(earlier)["_search_space"]


def test_an_option_of_optuna_reaches_the_sampler() -> None:
    tpe = sampler_for(declared(Sampler("tpe", gamma="hyperopt", random_fraction=0.0)), "demo@1", 1)
    cmaes = sampler_for(declared(Sampler("cmaes", sigma0=0.2, x0={"x": 0.5})), "demo@1", 1)
    nsga2 = sampler_for(declared(Sampler("nsga2", crossover="spx"), parallelism=1), "demo@1", 1)
    assert isinstance(tpe, TPESampler)
    assert [tpe._gamma(count) for count in (1, 16, 17, 40_000)] == [1, 1, 2, 25]
    assert isinstance(cmaes, CmaEsSampler)
    assert (cmaes._sigma0, cmaes._x0) == (0.2, {"x": 0.5})
    assert isinstance(nsga2, NSGAIISampler)
    assert nsga2.population_size == 3
