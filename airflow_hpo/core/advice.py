"""Remarks on a study that will run, but not as well as it could."""

import math

from airflow_hpo.core.metric_names import suggests_maximum, suggests_minimum
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.sampler_class import is_class
from airflow_hpo.core.space.space import Categorical
from airflow_hpo.core.study import Study

ADAPTIVE = {"tpe", "gp", "cmaes", "nsga2"}
CONSTRAINED = {"tpe", "gp", "nsga2"}
"""Samplers that learn from constraints on metrics."""
LARGE_GRID = 3
"""With more parameters a grid repeats few values of each many times; random search covers them better (Bergstra and Bengio, 2012)."""


def advice(study: Study) -> list[str]:
    """Return remarks about a study that will run but not as well as it could; empty when there are none."""
    return [
        remark
        for remark in (
            _of_the_direction(study),
            _of_the_sampler(study),
            _of_the_grid(study),
            _of_the_constraints(study),
            _of_the_parallelism(study),
        )
        if remark
    ]


def _of_the_direction(study: Study) -> str | None:
    metric, maximized = study.objective.metric, study.objective.direction is Direction.MAXIMIZE
    if not (suggests_minimum(metric) if maximized else suggests_maximum(metric)):
        return None
    good, other = ("small", "minimize") if maximized else ("large", "maximize")
    return (
        f"{metric!r} is {study.objective.direction.value}d, but its name suggests that {good} values are good. "
        f"Write Objective({metric!r}, direction={other!r}), unless that is meant."
    )


def _of_the_sampler(study: Study) -> str | None:
    chosen = [
        name for name, parameter in study.space.items() if isinstance(parameter, Categorical) and not parameter.weights
    ]
    if study.sampler.name != "cmaes" or not chosen:
        return None
    left = "every parameter" if len(chosen) == len(study.space) else ", ".join(map(repr, chosen))
    return (
        f"Sampler 'cmaes' learns from numbers only, and takes {left} at random, because choices have no order. "
        "Write sampler='tpe', which learns from both."
    )


def _of_the_constraints(study: Study) -> str | None:
    name = study.sampler.name
    if not study.metric_constraints or name in CONSTRAINED or is_class(name):
        return None
    does = "goes on towards points that break" if name == "cmaes" else "does not learn from"
    texts = ", ".join(repr(each.text) for each in study.metric_constraints)
    return (
        f"Sampler {name!r} {does} constraints on metrics ({texts}): they only decide which of its trials may be the best. "
        "Write sampler='tpe', which learns to keep them."
    )


def _of_the_grid(study: Study) -> str | None:
    if study.sampler.name != "grid" or len(study.space) <= LARGE_GRID:
        return None
    return (
        f"A grid over {len(study.space)} parameters has {study.points:,} points, of which {study.wanted:,} run, and tries few "
        "values of each. Write sampler='tpe', or 'random', with max_trials=100."
    )


def _of_the_parallelism(study: Study) -> str | None:
    root = math.isqrt(study.wanted)
    parallel = study.slots >= study.wanted or study.slots > 2 * root
    if study.sampler.name not in ADAPTIVE or not parallel or study.wanted < 4:
        return None
    if study.slots >= study.wanted:
        effect = f"all {study.wanted} trials are suggested before any has finished, which is random search"
    else:
        later = math.ceil((study.wanted - study.slots) / study.batch)
        effect = (
            f"{study.slots} of {study.wanted} trials are suggested blindly and the rest in "
            f"{later} {'step' if later == 1 else 'steps'}"
        )
    return (
        f"parallelism={study.simulations_at_once} makes sampler {study.sampler.name!r} nearly a random one: {effect}. "
        f"About sqrt(max_trials) = {root} keeps it adaptive."
    )
