"""Optuna's samplers, built for every trial from its own seed."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from optuna import samplers
from optuna.samplers import BaseSampler, RandomSampler, nsgaii

from airflow_hpo.core.sampler_class import is_class
from airflow_hpo.core.sampler_options import SAMPLERS, parents_of
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.class_sampler import built
from airflow_hpo.optuna.held_state import is_optunas
from airflow_hpo.optuna.log_filters import without_announcements
from airflow_hpo.optuna.seen import seen_point

FEWEST_STARTUP_TRIALS = 5
MOST_STARTUP_TRIALS = 20
GP_STARTUP_TRIALS = 10
"""Optuna's own default."""
_SEARCH_SPACES = ("_search_space", "_intersection_search_space", "_group_decomposed_search_space")


def sampler_for(study: Study, edition: str, seed: int, refused: int = 0) -> BaseSampler:
    """Build the study's sampler for one trial; refused draws that it is shown do not count among those it starts with."""
    if is_class(study.sampler.name):
        with without_announcements():
            return built(study, edition, seed)
    options = SAMPLERS[study.sampler.name].model_validate(study.sampler.options).model_dump(exclude_none=True)
    if refused:
        starts = startup_trials(study) if study.sampler.name == "tpe" else GP_STARTUP_TRIALS
        options["n_startup_trials"] = options.get("n_startup_trials", starts) + refused
    with without_announcements():
        return _BUILDERS[study.sampler.name](study, edition, seed, options)


def startup_trials(study: Study) -> int:
    """Return how many random trials TPE starts with: about twice the square root of the budget.

    Fewer than Optuna's 10 or a single batch leaves some studies stuck in the wrong branch or corner; 20 were best for
    100 trials and 10 to 12 for 40, in batches of 4, 5 and 10 (benchmarks/search_quality.py).
    """
    return min(MOST_STARTUP_TRIALS, max(FEWEST_STARTUP_TRIALS, 2 * math.isqrt(study.wanted)))


def inherit_search_space(sampler: BaseSampler, earlier: BaseSampler) -> None:
    """Let a sampler go on from the common search space that another has found in the same trials.

    Comparing every trial's distributions again takes a third of a second at 10,000 trials. Optuna keeps the result on the
    sampler, under names that are its own; where they change, this does nothing.
    """
    for name in _SEARCH_SPACES:
        known = getattr(earlier, name, None)
        # A class that others wrote may call something else so.
        if hasattr(sampler, name) and is_optunas(type(known)):
            setattr(sampler, name, known)


def _tpe(study: Study, edition: str, seed: int, options: Mapping[str, Any]) -> BaseSampler:
    own = dict(options)
    if _explores(seed, own.pop("random_fraction")):
        return RandomSampler(seed=seed)
    # Without groups TPE models only parameters that every trial has: nothing, in a space that branches at its root.
    conditional = any(parameter.conditions for parameter in study.space.values())
    defaults = {"n_startup_trials": startup_trials(study)}
    if own.pop("gamma") == "hyperopt":
        own["gamma"] = _hyperopt_gamma
    grouped = {"group": True} if conditional and options["multivariate"] else {}
    return samplers.TPESampler(seed=seed, **{**defaults, **own, **grouped})


def _hyperopt_gamma(count: int) -> int:
    """Return how many of so many trials Hyperopt takes for good."""
    return min(math.ceil(math.sqrt(count) / 4), 25)


def _explores(seed: int, fraction: float) -> bool:
    """Say whether one of TPE's trials is random, a safeguard that Falkner et al. (2018) take from Hyperband's proof.

    TPE alone sometimes never leaves the neighbourhood of its first good points. Over five problems and 40 seeds a random
    tenth did not raise the mean regret and about halved its spread; it makes studies that get stuck rarer, not impossible
    (benchmarks/search_quality.py).
    """
    drawn = derived_seed(seed, "explore")
    return drawn % 10 / 10 + drawn // 10 % 1000 / 10_000 < fraction


def _random(study: Study, edition: str, seed: int, options: Mapping[str, Any]) -> BaseSampler:
    return RandomSampler(seed=seed)


def _qmc(study: Study, edition: str, seed: int, options: Mapping[str, Any]) -> BaseSampler:
    # All trials take points of one sequence. Optuna keeps its position on the study.
    return samplers.QMCSampler(
        seed=derived_seed(study.seed, edition),
        independent_sampler=RandomSampler(seed=seed),
        warn_independent_sampling=False,
        **options,
    )


def _cmaes(study: Study, edition: str, seed: int, options: Mapping[str, Any]) -> BaseSampler:
    mean = {"x0": seen_point(study.space, options["x0"])} if "x0" in options else {}
    return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False, **{**options, **mean})


def _gp(study: Study, edition: str, seed: int, options: Mapping[str, Any]) -> BaseSampler:
    return samplers.GPSampler(seed=seed, warn_independent_sampling=False, **options)


def _nsga2(study: Study, edition: str, seed: int, options: Mapping[str, Any]) -> BaseSampler:
    own = dict(options)
    crossover, mutation = own.pop("crossover"), own.pop("mutation")
    own.setdefault("population_size", max(parents_of(crossover), study.slots))
    return samplers.NSGAIISampler(
        seed=seed,
        crossover=_CROSSOVERS[crossover]() if crossover in _CROSSOVERS else None,
        mutation=nsgaii.PolynomialMutation() if mutation == "polynomial" else None,
        **own,
    )


_CROSSOVERS: dict[str, Callable[[], nsgaii.BaseCrossover]] = {
    "blxalpha": nsgaii.BLXAlphaCrossover,
    "spx": nsgaii.SPXCrossover,
    "sbx": nsgaii.SBXCrossover,
    "vsbx": nsgaii.VSBXCrossover,
    "undx": nsgaii.UNDXCrossover,
}


_BUILDERS: dict[str, Callable[[Study, str, int, Mapping[str, Any]], BaseSampler]] = {
    "tpe": _tpe,
    "random": _random,
    "grid": _random,
    "qmc": _qmc,
    "cmaes": _cmaes,
    "gp": _gp,
    "nsga2": _nsga2,
}
