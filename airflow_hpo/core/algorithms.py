"""Samplers and pruners as a study declares them: by a name, and options that are checked against it."""

import importlib.util
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

from pydantic import model_validator

from airflow_hpo.core.declared import REQUIRED, Declared, brief_repr, nearest
from airflow_hpo.core.pruner_options import PRUNERS
from airflow_hpo.core.sampler_class import check_class, is_class, is_folder, meant_by, name_of_object
from airflow_hpo.core.sampler_options import SAMPLERS
from airflow_hpo.exceptions import DeclarationError

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


def _class_named(name: Any) -> Any:
    """Refuse a class of a sampler that is given itself: only its name is data."""
    if isinstance(name, type) and (found := name_of_object(name)):
        raise DeclarationError(
            f"A sampler's class is declared by its name, but got {name!r}. Write Sampler({found!r})."
        )
    return name


class _Algorithm(Declared):
    name: str
    options: dict[str, Any] = {}

    def __init__(
        self, name: str = REQUIRED, *unnamed: Any, declared: Mapping[str, Any] = MappingProxyType({}), **options: Any
    ) -> None:
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
        super().__init__(name=name, options={**given, **options}, **declared)

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"name": data}
        # An object of Optuna is told by its class, as nothing here knows Optuna.
        if type(data).__module__.startswith("optuna."):
            kind = cls.__name__.lower()
            name = _called(type(data).__name__.removesuffix(cls.__name__)) or f"optuna.{kind}s:{type(data).__name__}"
            raise ValueError(
                f"A {kind} is declared by its name and options, but got Optuna's {type(data).__name__}. "
                f"Write {kind}={cls.__name__}({name!r}), with its options by name."
            )
        if cls.__name__ == "Sampler" and (found := name_of_object(data)):
            raise ValueError(
                f"A sampler is declared by its name and options, but got {brief_repr(data)}. Write sampler=Sampler({found!r}), with its options by name."
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
        Sampler("optuna.samplers:BruteForceSampler")

    :param name: ``tpe`` (default; any space), ``random``, ``grid`` (countable spaces), ``qmc`` (even coverage),
        ``cmaes`` (numeric, some hundred trials; needs the extra ``cmaes``), ``gp`` (numeric, up to about 10 parameters
        and 200 trials; needs the extra ``gp``), ``nsga2`` (evolution); or a class that tasks import, ``package.module:Class``, or
        ``/folder:Class`` of a package of OptunaHub that lies in a folder where tasks run.
    :param options: the sampler's options, named as in Optuna, such as ``n_startup_trials=20``; ``tpe`` also takes
        ``random_fraction`` (default 0.1): the share of its trials that are random, 0 for Optuna's own rule. Those of a class are the arguments
        of its constructor; a ``seed`` is given where it takes one.
    :param digest: of a ``/folder:Class`` the digest of the folder, ``sha256:...``, as ``python -m airflow_hpo.optuna.sampler_folder FOLDER``
        prints it: what has another digest is not imported.
    :raises DeclarationError: when the name, an option or the library is wrong.
    """

    digest: str | None = None

    def __init__(self, name: str = REQUIRED, *unnamed: Any, digest: str | None = None, **options: Any) -> None:
        super().__init__(
            _class_named(name), *unnamed, declared={"digest": digest} if digest is not None else {}, **options
        )

    @model_validator(mode="after")
    def _known(self) -> Self:
        if is_class(self.name) or meant_by(self.name) or is_folder(self.name):
            check_class(self.name, self.digest, self.options)
            return self
        if self.digest is not None:
            raise ValueError(
                f"A digest belongs to a sampler in a folder, but got digest={self.digest!r} with {self.name!r}. Leave it out."
            )
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
