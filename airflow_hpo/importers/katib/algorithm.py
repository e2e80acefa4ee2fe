"""Reader of ``spec.algorithm`` and ``spec.earlyStopping``: sampler, seed and pruner."""

import importlib.util
import math
from dataclasses import dataclass, field
from typing import Any

from airflow_hpo.core.algorithms import LIBRARIES, Pruner, Sampler
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings

NAMES = ("random", "grid", "tpe", "multivariate-tpe", "bayesianoptimization", "cmaes", "sobol", "hyperband")
OF_ARCHITECTURES = ("darts", "enas", "nas")
SEED = "random_state"
_OWN = "Katib's library has it, the sampler here has not: it goes by its own rule."
_KNOWN_SETTINGS = {
    "tpe": ("gamma", "prior_weight", "n_EI_candidates"),
    "multivariate-tpe": ("n_startup_trials", "n_ei_candidates"),
    "bayesianoptimization": ("base_estimator", "n_initial_points", "acq_func", "acq_optimizer"),
    "cmaes": ("restart_strategy", "sigma"),
    "hyperband": ("resource_name", "eta", "r_l"),
}
_CARRIED = {
    "n_EI_candidates": "n_ei_candidates",
    "n_ei_candidates": "n_ei_candidates",
    "n_startup_trials": "n_startup_trials",
    "n_initial_points": "n_startup_trials",
}
"""Setting of Katib -> option of the sampler."""
_WRITTEN_DEFAULTS = {
    "base_estimator": "GP",
    "acq_func": "gp_hedge",
    "acq_optimizer": "auto",
    "restart_strategy": "none",
}
"""Settings that say what Katib does anyway."""
_MULTIVARIATE = {"multivariate": True, "constant_liar": True, "group": False}
MIN_TRIALS, START_STEP = 3, 4
"""Defaults of Katib's median stopping."""


@dataclass(slots=True)
class Algorithm:
    """What ``spec.algorithm`` says."""

    name: str
    sampler: Sampler
    seed: int | None = None
    pruner: Pruner | None = None
    resource: str | None = None
    """The parameter that Hyperband gives its own values."""
    constants: dict[str, str] = field(default_factory=dict)
    """Values that every trial gets, by the name of the parameter in the source."""

    @property
    def of_hyperopt(self) -> bool:
        """Whether Katib asks Hyperopt, which counts steps from zero."""
        return self.name in ("random", "tpe")


def algorithm_of(spec: Fields, findings: Findings) -> Algorithm:
    """Return the algorithm; a random one stands for one that is refused."""
    name = spec.needed("algorithmName", "random")
    settings = {each.text("name") or "": each for each in spec.members("algorithmSettings")}
    spec.close()
    if name and name not in NAMES:
        _refuse(spec, name)
    if name not in NAMES:
        return Algorithm("random", Sampler("random"))
    known = [*_KNOWN_SETTINGS.get(name, ()), SEED]
    values = {setting: _setting(each, known, findings) for setting, each in settings.items()}
    seed = _whole(settings, values, SEED)
    if name == "hyperband":
        return _hyperband(spec, settings, values, seed)
    options = {_CARRIED[each]: _whole(settings, values, each, 1) for each in values if each in _CARRIED}
    for each, value in values.items():
        if each in known and each not in (SEED, *_CARRIED) and value != _WRITTEN_DEFAULTS.get(each):
            findings.differs(settings[each].path, _OWN, "study.sampler")
    given = {option: value for option, value in options.items() if value is not None}
    return Algorithm(name, _sampler(spec, name, given), seed)


def pruner_of(spec: Fields, algorithm: Algorithm) -> Pruner:
    """Return the rule by which trials are given up."""
    name = spec.text("algorithmName")
    settings = {each.text("name") or "": each for each in spec.members("algorithmSettings")}
    spec.close()
    if not spec.data:
        return algorithm.pruner or Pruner("none")
    if name != "medianstop":
        spec.findings.refuse(
            spec.at("algorithmName"), f"Katib has 'medianstop', but got {name!r}. Did you mean 'medianstop'?"
        )
        return Pruner("none")
    known = ["min_trials_required", "start_step"]
    values = {setting: _setting(each, known, spec.findings) for setting, each in settings.items()}
    trials, step = (_whole(settings, values, each) for each in known)
    if algorithm.pruner:
        spec.findings.refuse(spec.path, "A study has one pruner, and Hyperband is one. Leave earlyStopping out.")
    return Pruner(
        "median",
        n_startup_trials=MIN_TRIALS if trials is None else trials,
        n_warmup_steps=START_STEP if step is None else step,
    )


def _refuse(spec: Fields, name: str) -> None:
    if name in OF_ARCHITECTURES:
        why = f"{name!r} searches the architecture of a network, which is not searched here. Declare layers and widths as parameters."
    elif name == "pbt":
        why = (
            "'pbt' goes on from the checkpoints of other trials, which no sampler here does. Write algorithmName: tpe."
        )
    else:
        why = f"It is one of {', '.join(NAMES)}, but got {name!r}. Write one of them."
    spec.findings.refuse(spec.at("algorithmName"), why)


def _setting(each: Fields, known: list[str], findings: Findings) -> str:
    """Return the text of one setting; one that the algorithm has not is refused."""
    name, value = each.needed("name", known[0]), each.text("value") or ""
    each.close()
    if name and name not in known:
        findings.unknown(each.path, known)
    return value


def _whole(settings: dict[str, Fields], values: dict[str, str], name: str, least: int = 0) -> int | None:
    if name not in values:
        return None
    try:
        number = int(values[name])
    except ValueError:
        number = -1
    if number < least:
        settings[name].findings.refuse(
            settings[name].path,
            f'It is a whole number of {least} or more, but got {values[name]!r}. Write value: "{max(least, 1)}".',
        )
        return None
    return number


def _sampler(spec: Fields, name: str, options: dict[str, Any]) -> Sampler:
    if name == "multivariate-tpe":
        return Sampler("tpe", **{**options, **_MULTIVARIATE})
    if name == "sobol":
        return Sampler("qmc", qmc_type="sobol", scramble=False)
    if name == "bayesianoptimization":
        return Sampler(_available(spec, "gp"), **options)
    return Sampler(_available(spec, name), **options)


def _available(spec: Fields, name: str) -> str:
    """Return the sampler, or ``tpe`` where its library is not installed."""
    library, extra = LIBRARIES.get(name, (None, None))
    if library is None or importlib.util.find_spec(library):
        return name
    spec.findings.differs(
        spec.at("algorithmName"),
        f"The sampler {name!r} needs the extra {extra!r}, which is not installed: TPE takes its place. "
        f"Install airflow-provider-hpo[{extra}] and import again for {name!r}.",
        "study.sampler",
    )
    return "tpe"


def _hyperband(spec: Fields, settings: dict[str, Fields], values: dict[str, str], seed: int | None) -> Algorithm:
    """Return Hyperband as a pruner: trials get the whole resource and are given up on the way."""
    resource, most = values.get("resource_name"), _number(settings, values, "r_l")
    factor = _number(settings, values, "eta") or 3.0
    for name in ("resource_name", "r_l"):
        if name not in values:
            spec.findings.missing(spec.at(f"algorithmSettings[{name}]"), "Hyperband needs it, but it was not given.")
    if not factor.is_integer() or factor < 2:
        spec.findings.refuse(
            settings["eta"].path,
            f'The factor is a whole number of 2 or more here, but got {values["eta"]!r}. Write value: "3".',
        )
        factor = 3.0
    if resource is None or most is None:
        return Algorithm("hyperband", Sampler("random"), seed)
    spec.findings.differs(
        spec.at("algorithmName"),
        f"Katib starts trials again with more {resource}. Here each trial gets all {values['r_l']} and is given up on the way, so the "
        "program must report after every epoch.",
        "study.pruner",
    )
    spec.findings.differs(
        settings["resource_name"].path,
        f"{resource!r} is no parameter here: every trial gets {values['r_l']}.",
        "study.pruner",
    )
    pruner = Pruner("hyperband", max_resource=max(1, math.ceil(most)), reduction_factor=int(factor))
    return Algorithm("hyperband", Sampler("random"), seed, pruner, resource, {resource: values["r_l"]})


def _number(settings: dict[str, Fields], values: dict[str, str], name: str) -> float | None:
    if name not in values:
        return None
    try:
        number = float(values[name])
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        settings[name].findings.refuse(
            settings[name].path, f'It is a number above 0, but got {values[name]!r}. Write value: "3".'
        )
        return None
    return number
