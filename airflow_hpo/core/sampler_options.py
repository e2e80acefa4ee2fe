"""Options of the samplers that have a name here, as Optuna calls them."""

from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from airflow_hpo.core.declared import Declared


class AlgorithmOptions(Declared):
    """Options of one algorithm: nothing is taken for another type."""

    model_config = ConfigDict(strict=True)
    not_taken: ClassVar[dict[str, str]] = {}
    """Option that Optuna has and that is not taken here -> what holds instead, as the end of a sentence."""

    @model_validator(mode="before")
    @classmethod
    def _taken(cls, data: Any) -> Any:
        for name in data if isinstance(data, dict) else ():
            if name in cls.not_taken:
                raise ValueError(
                    f"{cls.model_config['title']} does not take {name!r}, but got {name}={data[name]!r}. {cls.not_taken[name]}"
                )
        return data


_OF_THE_STUDY = {
    "seed": "Write Study(..., seed=1): every trial has a seed that follows from it.",
    "constraints_func": "Write Study(..., constraints=[MetricConstraint(...)]), which is data.",
}
_OBJECTS = {
    "independent_sampler": "Leave it out: what the sampler does not model is random.",
    "warn_independent_sampling": "Leave it out: these warnings are off.",
}


class RandomOptions(AlgorithmOptions, title="Sampler 'random'"):
    """Independent uniform values; nothing to choose."""

    not_taken = _OF_THE_STUDY


class GridOptions(AlgorithmOptions, title="Sampler 'grid'"):
    """Every point once; nothing to choose."""


class TpeOptions(AlgorithmOptions, title="Sampler 'tpe'"):
    """Tree-structured Parzen estimator (Bergstra et al., 2011); multivariate as in Falkner et al., 2018."""

    n_startup_trials: int | None = Field(default=None, ge=1)
    n_ei_candidates: int = Field(default=24, ge=1)
    multivariate: bool = True
    group: bool = False
    constant_liar: bool = True
    gamma: Literal["default", "hyperopt"] = "default"
    """How many trials count as good: a tenth, or a quarter of the root of their number; 25 at most. Optuna 6 will not have it."""
    prior_weight: float | None = Field(default=None, gt=0.0)
    """Weight of the uniform prior beside the trials, 1 in Optuna. Optuna 6 will not have it."""
    consider_magic_clip: bool | None = None
    """Whether the width of a kernel has a lower bound, True in Optuna. Optuna 6 will not have it."""
    consider_endpoints: bool | None = None
    """Whether the ends of the range count as neighbours, False in Optuna. Optuna 6 will not have it."""
    random_fraction: float = Field(default=0.1, ge=0.0, le=1.0)
    """Share of the trials that are random whatever the model says; ours, not Optuna's; 0 for Optuna's own TPE."""
    not_taken = {
        **_OF_THE_STUDY,
        "warn_independent_sampling": _OBJECTS["warn_independent_sampling"],
        "weights": "Leave it out: a function is no data, and Optuna 6 will not have it.",
        "consider_prior": "Leave it out: Optuna always considers the prior.",
    }

    @model_validator(mode="after")
    def _groups_are_joint(self) -> Self:
        if self.group and not self.multivariate:
            raise ValueError(
                "Groups are modelled jointly, so `group` needs `multivariate`, but got (group=True, multivariate=False). "
                "Leave multivariate out."
            )
        return self


class QmcOptions(AlgorithmOptions, title="Sampler 'qmc'"):
    """Quasi-Monte Carlo: a low-discrepancy sequence (Bergstra and Bengio, 2012)."""

    qmc_type: Literal["sobol", "halton"] = "sobol"
    scramble: bool = True
    not_taken = {
        **_OF_THE_STUDY,
        **_OBJECTS,
        "warn_asynchronous_seeding": "Leave it out: the trials of a study share one seed.",
    }


class CmaEsOptions(AlgorithmOptions, title="Sampler 'cmaes'"):
    """Covariance matrix adaptation (Hansen and Ostermeier, 2001)."""

    n_startup_trials: int = Field(default=1, ge=1)
    popsize: int | None = Field(default=None, ge=2)
    with_margin: bool = False
    lr_adapt: bool = False
    use_separable_cma: bool = False
    consider_pruned_trials: bool = False
    sigma0: float | None = Field(default=None, gt=0.0)
    """Initial standard deviation, where every range has the length 1: a sixth in Optuna. Optuna 6 will not have it."""
    x0: dict[str, float] | None = None
    """Initial mean: a value for every numeric parameter; the middle of the ranges in Optuna. Optuna 6 will not have it."""
    not_taken = {
        **_OF_THE_STUDY,
        **_OBJECTS,
        "restart_strategy": "Leave it out: Optuna has no restarts any more; a sampler of OptunaHub has.",
        "inc_popsize": "Leave it out: Optuna has no restarts any more; a sampler of OptunaHub has.",
        "source_trials": "Write Study(..., warm_start=WarmStart()), which takes over trials of earlier editions.",
    }

    @model_validator(mode="after")
    def _one_variant(self) -> Self:
        chosen = [name for name in ("use_separable_cma", "with_margin", "lr_adapt") if getattr(self, name)]
        if len(chosen) > 1:
            raise ValueError(
                f"Optuna has one variant of CMA-ES at a time, but got ({', '.join(f'{name}=True' for name in chosen)}). "
                f"Leave {' and '.join(chosen[1:])} out."
            )
        return self


class GpOptions(AlgorithmOptions, title="Sampler 'gp'"):
    """Gaussian process with log expected improvement (Ament et al., 2023)."""

    n_startup_trials: int | None = Field(default=None, ge=1)
    deterministic_objective: bool = False
    not_taken = {**_OF_THE_STUDY, **_OBJECTS}


class Nsga2Options(AlgorithmOptions, title="Sampler 'nsga2'"):
    """Non-dominated sorting genetic algorithm (Deb et al., 2002)."""

    population_size: int | None = Field(default=None, ge=2)
    mutation_prob: float | None = Field(default=None, ge=0.0, le=1.0)
    crossover_prob: float = Field(default=0.9, ge=0.0, le=1.0)
    swapping_prob: float = Field(default=0.5, ge=0.0, le=1.0)
    crossover: Literal["uniform", "blxalpha", "spx", "sbx", "vsbx", "undx"] = "uniform"
    mutation: Literal["uniform", "polynomial"] = "uniform"

    not_taken = {
        **_OF_THE_STUDY,
        **dict.fromkeys(
            ("elite_population_selection_strategy", "child_generation_strategy", "after_trial_strategy"),
            "Leave it out: a function is no data. A class of your own may have it: write Sampler('package.module:Class').",
        ),
    }

    @model_validator(mode="after")
    def _has_parents(self) -> Self:
        if self.population_size is not None and self.population_size < parents_of(self.crossover):
            raise ValueError(
                f"The crossover {self.crossover!r} has {parents_of(self.crossover)} parents, but got population_size={self.population_size}. "
                f"Write population_size={parents_of(self.crossover)} or more."
            )
        return self


def parents_of(crossover: str) -> int:
    """Return how many parents a crossover of NSGA-II has."""
    return 3 if crossover in ("spx", "undx") else 2


SAMPLERS: dict[str, type[Declared]] = {
    "tpe": TpeOptions,
    "random": RandomOptions,
    "grid": GridOptions,
    "qmc": QmcOptions,
    "cmaes": CmaEsOptions,
    "gp": GpOptions,
    "nsga2": Nsga2Options,
}
