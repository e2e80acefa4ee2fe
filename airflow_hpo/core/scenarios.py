"""Trials of several simulations: one for each scenario of the study, and the trial's value from theirs.

A simulation is a trial of a companion edition, so that attempts, retries, pods, slots, reruns and answers are those of trials:

========================== ==========================================================================================
``f@r``                    the study; its trials have the parameters, and a value once all of their simulations have
``f/.simulations@r``       the companion; each of its trials is one scenario of one trial of ``f@r``
========================== ==========================================================================================

Simulations are laid out flat, because Airflow refuses a map inside a map: index ``i`` of a batch is scenario ``i % s`` of the
batch's trial ``i // s``.
"""

import math
import statistics
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from airflow_hpo.core.calendar import count_in, split
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.space.space import Categorical
from airflow_hpo.core.study import Aggregate, Study
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.core.trial_key import SIMULATIONS, batch_and_index, key_of, sharer_of
from airflow_hpo.core.window import Period, Window

ENDLESS = 10**9
"""Of a companion's own budget: the study's decides."""


def companion_study(study: Study) -> Study:
    """Return the study that has the simulations of a study's trials as its trials."""
    return Study(
        name=f"{study.name}{SIMULATIONS}",
        # A goal is one of trials.
        objective=study.objective.model_copy(update={"goal": None}),
        space={"scenario": Categorical([scenario.name for scenario in study.listed_scenarios])},
        sampler="random",
        max_trials=ENDLESS,
        max_failures=ENDLESS,
        stop_on_same_failure=None,
        parallelism=study.simulations_at_once,
        when_over=study.when_over,
        seed=study.seed,
    )


def without_scenarios(study: Study) -> Study:
    """Return a study of which each trial is one simulation, as what evaluates its candidates has scenarios of its own."""
    return study.model_copy(update={"scenarios": []})


def as_laid_out(study: Study, window: Window | None) -> Study:
    """Return a study with as many scenarios as its window has; which ones they are is known in a run."""
    if window is None or not isinstance(study.scenarios, str):
        return _with(study, study.listed_scenarios)
    count = count_in(window, study.scenarios)
    return _with(study, [Scenario(f"{study.scenarios} {number}") for number in range(1, count + 1)])


def in_period(study: Study, period: Period | None) -> Study:
    """Return a study with the scenarios that the period of its run is cut into, where it has a length of them."""
    if period is None or not isinstance(study.scenarios, str):
        return _with(study, study.listed_scenarios)
    return _with(study, split(period, study.scenarios))


def _with(study: Study, scenarios: list[Scenario]) -> Study:
    if scenarios == study.scenarios:
        return study
    given = {name: getattr(study, name) for name in study.model_fields_set}
    return Study(**{**given, "scenarios": scenarios})


def parts_by_trial(simulations: Iterable[TrialRecord], trials: Iterable[TrialRecord]) -> dict[int, list[TrialRecord]]:
    """Return the simulations of each trial that counts, by its number: one that was run again has those of before."""
    newer = {trial.replaces: trial.number for trial in trials if trial.replaces is not None}
    found: dict[int, list[TrialRecord]] = {}
    for record in sorted(simulations, key=lambda record: record.number):
        number = record.part_of
        while number in newer:
            number = newer[number]
        if number is not None:
            found.setdefault(number, []).append(record)
    return found


def flat_keys(key: str, scenarios: int) -> list[str]:
    """Return the keys of a trial's simulations, which name the indexes of their tasks."""
    batch, index = batch_and_index(key)
    return [key_of(batch, index * scenarios + each, sharer_of(key)) for each in range(scenarios)]


def main_key(key: str, scenarios: int) -> tuple[str, int]:
    """Return the key of the trial that a simulation is part of, and which scenario it runs."""
    batch, index = batch_and_index(key)
    return key_of(batch, index // scenarios, sharer_of(key)), index % scenarios


def aggregated(values: Sequence[float], aggregate: Aggregate | float, direction: Direction) -> float:
    """Return a trial's value from those of its scenarios; a number is the quantile of that share of the values."""
    if aggregate == "worst":
        return max(values) if direction is Direction.MINIMIZE else min(values)
    if isinstance(aggregate, float):
        return _quantile(sorted(values), aggregate)
    return _OF_ALL[aggregate](values)


_OF_ALL: Mapping[str, Callable[[Sequence[float]], float]] = {
    "mean": statistics.fmean,
    "sum": math.fsum,
    "median": statistics.median,
}


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


@dataclass(frozen=True, slots=True)
class Settled:
    """How a trial ended, from its simulations."""

    state: TrialState
    value: float | None = None
    metrics: Mapping[str, float] | None = None
    steps: Mapping[int, float] | None = None
    """The value of each scenario by its place, which Optuna's pruners compare in pairs."""


def settled(simulations: Iterable[TrialRecord], study: Study, lost: Collection[int] = ()) -> Settled | None:
    """Return how a trial ended once all of its simulations have; None while one is open.

    It waits for all of them also when one has failed: what they measured stands when the failed one is run again alone. Those
    that were lost, by no fault of the program, may be missing as far as the study says.
    """
    scenarios = [scenario.name for scenario in study.listed_scenarios]
    last = {str(record.params["scenario"]): record for record in own_trials(simulations)}
    if set(last) != set(scenarios) or not all(record.state.finished for record in last.values()):
        return None
    ordered = [last[name] for name in scenarios]
    failed = [record.number for record in ordered if record.state is TrialState.FAIL]
    if len(failed) > study.scenarios_spare or not set(failed) <= set(lost):
        return Settled(TrialState.FAIL)
    ordered = [record for record in ordered if record.number not in failed]
    if any(record.state is TrialState.PRUNED or record.value is None for record in ordered):
        return Settled(TrialState.PRUNED)
    values = {scenarios.index(str(r.params["scenario"])): r.value for r in ordered if r.value is not None}
    common = set.intersection(*(set(record.metrics) for record in ordered))
    direction = study.objective.direction
    metrics = {
        name: aggregated([record.metrics[name] for record in ordered], _of_extra(study.aggregate), direction)
        for name in sorted(common)
    }
    value = aggregated(list(values.values()), study.aggregate, direction)
    return Settled(TrialState.COMPLETE, value, metrics, values)


def _of_extra(aggregate: Aggregate | float) -> Aggregate | float:
    """Which values of an extra metric are bad is not known, so there is no worst one."""
    return "mean" if aggregate == "worst" else aggregate
