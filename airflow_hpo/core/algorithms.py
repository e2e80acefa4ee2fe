"""Samplers and pruners by name: what exists, which options each takes, which library it needs."""

import importlib.util
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from airflow_hpo.core.declared import REQUIRED, Declared, brief_repr, nearest
from airflow_hpo.exceptions import DeclarationError


class _Options(Declared):
    model_config = ConfigDict(strict=True)


class RandomOptions(_Options, title="Sampler 'random'"):
    """Independent uniform values; nothing to choose."""


class GridOptions(_Options, title="Sampler 'grid'"):
    """Every point once; nothing to choose."""


class NoPruningOptions(_Options, title="Pruner 'none'"):
    """Every trial runs to its end; nothing to choose."""


class TpeOptions(_Options, title="Sampler 'tpe'"):
    """Tree-structured Parzen estimator (Bergstra et al., 2011); multivariate as in Falkner et al., 2018."""

    n_startup_trials: int | None = Field(default=None, ge=1)
    n_ei_candidates: int = Field(default=24, ge=1)
    multivariate: bool = True
    group: bool = False
    constant_liar: bool = True
    random_fraction: float = Field(default=0.1, ge=0.0, le=1.0)
    """Share of the trials that are random whatever the model says; ours, not Optuna's; 0 for Optuna's own TPE."""


class QmcOptions(_Options, title="Sampler 'qmc'"):
    """Quasi-Monte Carlo: a low-discrepancy sequence (Bergstra and Bengio, 2012)."""

    qmc_type: Literal["sobol", "halton"] = "sobol"
    scramble: bool = True


class CmaEsOptions(_Options, title="Sampler 'cmaes'"):
    """Covariance matrix adaptation (Hansen and Ostermeier, 2001)."""

    n_startup_trials: int = Field(default=1, ge=1)
    popsize: int | None = Field(default=None, ge=2)
    with_margin: bool = False
    lr_adapt: bool = False


class GpOptions(_Options, title="Sampler 'gp'"):
    """Gaussian process with log expected improvement (Ament et al., 2023)."""

    n_startup_trials: int | None = Field(default=None, ge=1)
    deterministic_objective: bool = False


class Nsga2Options(_Options, title="Sampler 'nsga2'"):
    """Non-dominated sorting genetic algorithm (Deb et al., 2002)."""

    population_size: int | None = Field(default=None, ge=2)
    mutation_prob: float | None = Field(default=None, ge=0.0, le=1.0)
    crossover_prob: float = Field(default=0.9, ge=0.0, le=1.0)
    swapping_prob: float = Field(default=0.5, ge=0.0, le=1.0)


class MedianOptions(_Options, title="Pruner 'median'"):
    """Worse than the median of earlier trials at the same step (Golovin et al., 2017)."""

    n_startup_trials: int = Field(default=5, ge=0)
    n_warmup_steps: int = Field(default=0, ge=0)
    interval_steps: int = Field(default=1, ge=1)
    n_min_trials: int = Field(default=1, ge=1)


class PercentileOptions(MedianOptions, title="Pruner 'percentile'"):
    """Outside the best given percentage of earlier trials at the same step."""

    percentile: float = Field(ge=0.0, le=100.0)


class SuccessiveHalvingOptions(_Options, title="Pruner 'successive_halving'"):
    """Asynchronous successive halving (Li et al., 2020)."""

    min_resource: int = Field(default=1, ge=1)
    reduction_factor: int = Field(default=4, ge=2)
    min_early_stopping_rate: int = Field(default=0, ge=0)
    bootstrap_count: int = Field(default=0, ge=0)


class HyperbandOptions(_Options, title="Pruner 'hyperband'"):
    """Hyperband (Li et al., 2018); ``max_resource`` is the last step that a trial reports."""

    max_resource: int = Field(ge=1)
    min_resource: int = Field(default=1, ge=1)
    reduction_factor: int = Field(default=3, ge=2)


class ThresholdOptions(_Options, title="Pruner 'threshold'"):
    """Outside fixed bounds."""

    lower: float | None = None
    upper: float | None = None
    n_warmup_steps: int = Field(default=0, ge=0)
    interval_steps: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.lower is None and self.upper is None:
            raise ValueError("The pruner 'threshold' needs `lower`, `upper` or both, but got neither. Give one.")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError(
                f"`lower < upper` must hold, but got (lower={self.lower}, upper={self.upper}). "
                f"Swap them: lower={self.upper}, upper={self.lower}."
            )
        return self


class PatientOptions(MedianOptions, title="Pruner 'patient'"):
    """The median rule, applied only after some steps without improvement."""

    patience: int = Field(ge=0)
    min_delta: float = Field(default=0.0, ge=0.0)


class WilcoxonOptions(_Options, title="Pruner 'wilcoxon'"):
    """Signed-rank test against the best trial over the same instances (Wilcoxon, 1945)."""

    p_threshold: float = Field(default=0.1, ge=0.0, le=1.0)
    n_startup_steps: int = Field(default=2, ge=0)


SAMPLERS: dict[str, type[Declared]] = {
    "tpe": TpeOptions,
    "random": RandomOptions,
    "grid": GridOptions,
    "qmc": QmcOptions,
    "cmaes": CmaEsOptions,
    "gp": GpOptions,
    "nsga2": Nsga2Options,
}
PRUNERS: dict[str, type[Declared]] = {
    "none": NoPruningOptions,
    "median": MedianOptions,
    "percentile": PercentileOptions,
    "successive_halving": SuccessiveHalvingOptions,
    "hyperband": HyperbandOptions,
    "threshold": ThresholdOptions,
    "patient": PatientOptions,
    "wilcoxon": WilcoxonOptions,
}
OTHER_NAMES = {
    "bayes": "tpe",
    "bayesian": "tpe",
    "bayesianoptimization": "tpe",
    "hyperopt": "tpe",
    "gaussianprocess": "gp",
    "cma": "cmaes",
    "sobol": "qmc",
    "halton": "qmc",
    "randomsearch": "random",
    "gridsearch": "grid",
    "bruteforce": "grid",
    "evolution": "nsga2",
    "genetic": "nsga2",
    "nsgaii": "nsga2",
    "asha": "successive_halving",
    "sha": "successive_halving",
    "medianstop": "median",
    "medianstopping": "median",
    "earlystopping": "median",
    "nop": "none",
}
"""What other tools and people call an algorithm, in small letters alone -> its name here."""
OF_ARCHITECTURES = {"nas", "enas", "darts", "morphism", "architecturesearch", "neuralarchitecturesearch"}
"""What searches the graph of a network is called elsewhere, in small letters alone."""
LIBRARIES = {"cmaes": ("cmaes", "cmaes"), "gp": ("torch", "gp")}
"""Algorithm -> (module it imports, extra of this package that brings it)."""


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower())).removesuffix("sampler").removesuffix("pruner")


def _called(name: str) -> str | None:
    """Return the name here of an algorithm that is called otherwise elsewhere; None for an unknown one."""
    bare = _bare(name)
    known = {each.replace("_", ""): each for each in (*SAMPLERS, *PRUNERS)}
    return known.get(bare) or OTHER_NAMES.get(bare)


def _hint(kind: str, given: str, names: list[str]) -> str:
    called = _called(given)
    if called in names:
        return f" Write {kind}={called!r}."
    return nearest(given, names) or f" Write {kind}={names[0]!r}."


class _Algorithm(Declared):
    name: str
    options: dict[str, Any] = {}

    def __init__(self, name: str = REQUIRED, *unnamed: Any, **options: Any) -> None:
        if unnamed:
            kind, known = type(self).__name__, {**SAMPLERS, **PRUNERS}.get(str(name))
            option = next(iter(known.model_fields), None) if known else None
            meant = unnamed[0] if isinstance(unnamed[0], dict) else {option: unnamed[0]} if option else {}
            raise DeclarationError(
                f"{kind} takes its options by name, but got {brief_repr(unnamed[0])}. "
                f"Write {kind}({', '.join([repr(name), *(f'{key}={value!r}' for key, value in meant.items())])})."
            )
        given = options.pop("options", {})
        if not isinstance(given, Mapping):
            raise DeclarationError(f"`options` must be a mapping of names to values, but got {given!r}. Write one.")
        super().__init__(name=name, options={**given, **options})

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"name": data}
        # An object of Optuna is told by its class, as nothing here knows Optuna.
        if type(data).__module__.startswith("optuna."):
            kind = cls.__name__.lower()
            name = _called(type(data).__name__.removesuffix(cls.__name__)) or "..."
            raise ValueError(
                f"A {kind} is declared by its name and options, but got Optuna's {type(data).__name__}. "
                f"Write {kind}={cls.__name__}({name!r}), with its options by name."
            )
        return data

    def _check(self, kind: str, known: Mapping[str, type[Declared]]) -> Self:
        if _bare(self.name) in OF_ARCHITECTURES:
            raise ValueError(
                f"A {kind} searches parameters, not the architecture of a network, but got {self.name!r}. Declare layers and "
                "widths as Int and Categorical parameters, with when= for what belongs to a choice, and write sampler='tpe'."
            )
        if self.name not in known:
            names = list(known)
            raise ValueError(
                f"The {kind} must be one of {', '.join(names)}, but got {self.name!r}.{_hint(kind, self.name, names)}"
            )
        known[self.name](**self.options)
        module, extra = LIBRARIES.get(self.name, (None, None))
        if module and importlib.util.find_spec(module) is None:
            raise ValueError(
                f"The {kind} {self.name!r} needs the library {module!r}, which is not installed. "
                f"Install airflow-provider-hpo[{extra}] or choose another {kind}."
            )
        return self


class Sampler(_Algorithm):
    """How the next parameters are chosen.

    Example::

        Sampler("tpe", n_startup_trials=20)

    :param name: ``tpe`` (default; any space), ``random``, ``grid`` (countable spaces), ``qmc`` (even coverage),
        ``cmaes`` (numeric, some hundred trials; needs the extra ``cmaes``), ``gp`` (numeric, up to about 10 parameters
        and 200 trials; needs the extra ``gp``), ``nsga2`` (evolution).
    :param options: the sampler's options, named as in Optuna, such as ``n_startup_trials=20``; ``tpe`` also takes
        ``random_fraction`` (default 0.1): the share of its trials that are random, 0 for Optuna's own rule.
    :raises DeclarationError: when the name, an option or the library is wrong.
    """

    def __init__(self, name: str = REQUIRED, *unnamed: Any, **options: Any) -> None:
        super().__init__(name, *unnamed, **options)

    @model_validator(mode="after")
    def _known(self) -> Self:
        return self._check("sampler", SAMPLERS)


class Pruner(_Algorithm):
    """When a running trial is given up because its intermediate values promise nothing.

    Example::

        Pruner("median", n_startup_trials=5, n_warmup_steps=10)

    :param name: ``none`` (default), ``median``, ``percentile``, ``successive_halving``, ``hyperband``, ``threshold``,
        ``patient``, ``wilcoxon`` (steps are instances of the same problem).
    :param options: the pruner's options, named as in Optuna, such as ``n_warmup_steps=5``; hyperband needs ``max_resource``.
    :raises DeclarationError: when the name or an option is wrong.
    """

    def __init__(self, name: str = REQUIRED, *unnamed: Any, **options: Any) -> None:
        super().__init__(name, *unnamed, **options)

    @model_validator(mode="after")
    def _known(self) -> Self:
        return self._check("pruner", PRUNERS)
