"""Rules between the arguments of a study."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.space import grid
from airflow_hpo.core.space.constraint import breach
from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.parameter import Categorical, Float
from airflow_hpo.core.trial_key import SIMULATIONS

if TYPE_CHECKING:
    from airflow_hpo.core.study import Study

LONGEST_NAME = 200
"""Characters of a study's name."""
LARGEST_CONSTRAINED_GRID = 10_000
"""Points of a grid that are visited at every parse: a tenth of a second."""


def check_consistent(study: Study) -> None:
    """Refuse a study with arguments that contradict each other."""
    _check_grid(study)
    _check_mean(study)
    _check_limits(study)
    _check_scenarios(study)
    if study.timeout is not None and study.timeout <= timedelta(0):
        raise ValueError(
            f"A `timeout` must be positive, but got {study.timeout}. Write timeout=timedelta(hours=2), or leave it out."
        )
    if isinstance(study.scenarios, str):
        return  # how many there are is known with the window, and all is checked then
    if study.scenarios:
        _check_simulations(study)
    elif study.batch_size and study.parallelism and study.batch_size > study.parallelism:
        raise ValueError(
            f"`batch_size <= parallelism` must hold, but got "
            f"(batch_size={study.batch_size}, parallelism={study.parallelism}). Write batch_size={study.parallelism}."
        )
    if study.max_parallelism and study.parallelism and study.max_parallelism < study.parallelism:
        raise ValueError(
            f"`parallelism <= max_parallelism` must hold, but got (parallelism={study.parallelism}, "
            f"max_parallelism={study.max_parallelism}). Write max_parallelism={study.parallelism}, or leave it out."
        )
    if study.batch_size and study.max_pending and study.batch_size > study.pending_trials:
        raise ValueError(
            f"`batch_size <= max_pending` must hold, because a batch waits for its places together, but got "
            f"(batch_size={study.batch_size}, max_pending={study.max_pending}). Write batch_size={study.pending_trials}."
        )


def _check_grid(study: Study) -> None:
    if study.sampler.name == "grid":
        endless = {name: p for name, p in study.space.items() if isinstance(p, Float) and p.count is None}
        for name, parameter in endless.items():
            raise ValueError(
                f"A grid needs countable parameters, but {name!r} is a float without a step. Give it one: "
                f"{_with_step(parameter)}."
            )
        for name, each in study.space.items():
            if isinstance(each, Normal | LogNormal):
                raise ValueError(
                    f"A grid tries every value alike, which is no distribution, but {name!r} is {brief_repr(each)}. Write "
                    f"sampler='random', or {name!r}: Float({each.mu!r}, {each.mu + 1!r}, step=0.1)."
                )
            if isinstance(each, Categorical) and each.weights:
                raise ValueError(
                    f"A grid tries every choice alike, but {name!r} has weights={brief_repr(each.weights)}. Leave them out, or write "
                    "sampler='random'."
                )
        if study.parameter_constraints:
            _check_constrained_grid(study)
    elif study.max_trials is None:
        raise ValueError("A study needs `max_trials`, which was not given. Write max_trials=100.")


def _check_mean(study: Study) -> None:
    mean = study.sampler.options.get("x0") if study.sampler.name == "cmaes" else None
    if mean is None:
        return
    numeric = {name: each for name, each in study.space.items() if not isinstance(each, Categorical)}
    if mean.keys() != numeric.keys() or not all(numeric[name].holds(value) for name, value in mean.items()):
        example = {name: each.low for name, each in numeric.items()}
        raise ValueError(
            f"`x0` of CMA-ES has a value for each numeric parameter, in its range, but got x0={brief_repr(mean)}. "
            f"Write x0={brief_repr(example)}, or leave it out for the middle of the ranges."
        )


def _check_constrained_grid(study: Study) -> None:
    if grid.size(study.space) > LARGEST_CONSTRAINED_GRID:
        raise ValueError(
            f"The points of a grid that keep its constraints are counted while the DAG is parsed, {LARGEST_CONSTRAINED_GRID:,} at most, "
            f"but got a grid of {grid.size(study.space):,}. Write sampler='random', which tries no point of it twice."
        )
    if study.points == 0:
        raise ValueError(
            f"A grid has a point that keeps its constraints, but each of its {grid.size(study.space)} breaks one, as "
            f"{breach(study.parameter_constraints, grid.point(study.space, 0))}. Widen the ranges, or leave the constraint out."
        )


def _check_limits(study: Study) -> None:
    extra = study.objective.extra_metrics
    for each in study.metric_constraints:
        if each.metric not in extra:
            is_objective = each.metric == study.objective.metric
            what = "which is the objective" if is_objective else f"and they are {', '.join(extra) or 'none'}"
            remedy = (
                "Write goal=... in the objective, or leave the constraint out."
                if is_objective
                else nearest(each.metric, extra).strip()
                or f"Write Objective({study.objective.metric!r}, extra_metrics={[*extra, each.metric]!r})."
            )
            raise ValueError(
                f"A constraint limits an extra metric of the objective, but got {each.metric!r}, {what}. {remedy}"
            )


def _check_scenarios(study: Study) -> None:
    several = bool(study.scenarios)
    given = {"aggregate", "scenarios_needed"} & study.to_dict().keys()
    if given and not several:
        name = min(given)
        raise ValueError(
            f"`{name}` is about scenarios, but got {name}={getattr(study, name)!r} and none. Write scenarios=[...]."
        )
    if isinstance(study.aggregate, float) and not 0 < study.aggregate < 1:
        raise ValueError(
            f"A quantile is between 0 and 1, but got aggregate={study.aggregate!r}. Write aggregate=0.9, or 'worst'."
        )
    if several and study.pruner.name not in ("none", "wilcoxon"):
        raise ValueError(
            f"Only a pruner that compares scenarios in pairs gives up a trial of several simulations, but got "
            f"pruner={study.pruner.name!r}. Write pruner=Pruner('wilcoxon', p_threshold=0.2), or leave it out."
        )
    if several and study.pruner.name != "none" and study.aggregate not in ("mean", "sum", "median"):
        raise ValueError(
            f"The first scenarios say little about the worst ones, but got (pruner={study.pruner.name!r}, "
            f"aggregate={study.aggregate!r}). Leave the pruner out, or write aggregate='mean'."
        )
    if several and study.shared:
        raise ValueError(
            "A shared study has no scenarios yet, but got (shared=True, scenarios=[...]). Write shared=False."
        )
    if study.scenarios_needed < 1 and study.aggregate == "sum":
        raise ValueError(
            f"A sum of fewer scenarios is another number, but got (aggregate='sum', scenarios_needed={study.scenarios_needed}). "
            "Write aggregate='mean'."
        )


def _check_simulations(study: Study) -> None:
    if len(study.name) > LONGEST_NAME - len(SIMULATIONS):
        raise ValueError(
            f"The name of a study with scenarios has {LONGEST_NAME - len(SIMULATIONS)} characters at most, because its simulations "
            f"are kept under a longer one, but got {len(study.name)}. Shorten {brief_repr(study.name)}."
        )
    if study.batch_size and study.batch_size > study.slots:
        raise ValueError(
            f"`batch_size` counts trials, of which {study.slots} run at once as {study.simulations_at_once} simulations, but got "
            f"batch_size={study.batch_size}. Write batch_size={study.slots}, or parallelism={study.batch_size * study.simulations}."
        )
    together = min(study.simulations, study.simulations_at_once)
    if study.max_pending and study.max_pending < together:
        raise ValueError(
            f"The simulations of a trial wait for their places together, so `max_pending` is {together} at least, but got "
            f"max_pending={study.max_pending}. Write max_pending={together}, or a smaller parallelism."
        )
    if study.most_simulations > study.simulations_at_once < study.simulations:
        raise ValueError(
            f"Only whole trials are more or fewer while a study runs, so with `max_parallelism` the parallelism is "
            f"{study.simulations} at least, the number of scenarios, but got parallelism={study.simulations_at_once}. "
            f"Write parallelism={study.simulations}, or leave max_parallelism out."
        )


def _with_step(parameter: Float) -> str:
    step = float(f"{(parameter.high - parameter.low) / 10:.1g}")
    return f"Float({parameter.low!r}, {parameter.high!r}, step={step!r})"
