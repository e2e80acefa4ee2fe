"""Judge of a running trial: asks the study's pruner step by step, however many values come at once."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from optuna import Study as OptunaStudy
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from airflow_hpo.core.study import Study
from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.pruners import pruner_options
from airflow_hpo.optuna.read import StoredStudy, without_result
from airflow_hpo.optuna.snapshot import Snapshot

HALVING = ("successive_halving", "hyperband")
"""Pruners that look only where a trial reaches a rung."""
OF_COMPLETE = ("median", "percentile", "patient")
"""Pruners that compare with the complete trials at the same step."""

COMPLETE = (TrialState.COMPLETE,)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of the values that a trial has reported."""

    values: Mapping[int, float]
    """Those that Optuna gets: up to the one at which the trial is given up, as if they had come one by one."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What the pruner noted on the trial, such as the rungs it has climbed: others are judged by it."""
    verdict: str | None = None
    """Where the pruner gives the trial up, as in *it was* ``pruned at step 12 ...``; None while it goes on."""


class Judged(Snapshot):
    """A snapshot that a pruner asks hundreds of times in a row for the complete trials, which stay the same meanwhile."""

    def __init__(self, stored: StoredStudy, trials: Sequence[FrozenTrial]) -> None:
        super().__init__(stored, trials)
        self.complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]

    def get_all_trials(self, study_id: int, deepcopy: bool = True, states: Any = None) -> list[FrozenTrial]:
        """Return trials as Optuna does."""
        if not deepcopy and states == COMPLETE:
            return self.complete
        return super().get_all_trials(study_id, deepcopy, states)


def judge(
    study: Study,
    pruner: BasePruner,
    stored: StoredStudy,
    trials: Sequence[FrozenTrial],
    number: int,
    values: Mapping[int, float],
) -> Judgement:
    """Ask the pruner after each of the values that are new, in the order in which they came.

    It sees of this trial what had come until then, and of the others what is there now.
    """
    if study.warm_start and study.warm_start.mode == "values":
        # What was taken over has no curve: Wilcoxon's pruner would compare with that of the best trial, and prune nothing.
        trials = [without_result(each) if attributes.SOURCE in each.user_attrs else each for each in trials]
    trial = copy(trials[number])
    curve = trial.intermediate_values = dict(trial.intermediate_values)
    snapshot = Judged(stored, [*trials[:number], trial, *trials[number + 1 :]])
    asked, decisive = snapshot.study(pruner=pruner), _decisive(study, len(snapshot.complete))
    taken: dict[int, float] = {}
    verdict, greatest = None, max(curve, default=-1)
    for step, value in values.items():
        if step in curve:
            continue
        curve[step] = taken[step] = value
        may_end, greatest = decisive(step, greatest), max(step, greatest)
        if may_end and pruner.prune(asked, snapshot.trial(number)):
            verdict = _verdict(study, asked, curve)
            break
    before, after = trials[number].system_attrs, snapshot.trial(number).system_attrs
    notes = {key: noted for key, noted in after.items() if key not in before or before[key] != noted}
    return Judgement(taken, notes, verdict)


def _decisive(study: Study, complete: int) -> Callable[[int, int], bool]:
    """Return whether the pruner can end a trial at a step, by it and the greatest step before; -1 when there was none.

    It saves most of the questions and changes no answer: a pruner takes up to a millisecond for one.
    """
    name, options = study.pruner.name, pruner_options(study)
    if name in HALVING:
        return lambda step, greatest: _reaches_rung(
            step, greatest, options["min_resource"], options["reduction_factor"]
        )
    if (name == "wilcoxon" and not complete) or (
        name in OF_COMPLETE and complete < max(1, options["n_startup_trials"])
    ):
        return lambda step, greatest: False
    warmup, interval = options.get("n_warmup_steps", 0), options.get("interval_steps", 1)
    return lambda step, greatest: (
        max(step, greatest) >= warmup
        # Of steps that go back Optuna decides: it judges the greatest again.
        and (step < greatest or greatest < (step - warmup) // interval * interval + warmup)
    )


def _reaches_rung(step: int, greatest: int, first: int, factor: int) -> bool:
    """Say whether a rung lies after the greatest step before; of hyperband's brackets each has some of these rungs."""
    rung = first
    while rung <= greatest:
        rung *= factor
    return rung <= step


def _verdict(study: Study, asked: OptunaStudy, curve: Mapping[int, float]) -> str:
    step = max(curve)
    said = f"{study.objective.metric!r} was {curve[step]:.6g}{_limit(study, asked, curve)}"
    return f"pruned at step {step} by the pruner {study.pruner.name!r}: {said}"


def _limit(study: Study, asked: OptunaStudy, curve: Mapping[int, float]) -> str:
    """Return what the value was compared with, where the pruner has a number for it."""
    name, options = study.pruner.name, pruner_options(study)
    if name == "threshold":
        bounds = {"at least": options.get("lower"), "at most": options.get("upper")}
        return ", allowed is " + " and ".join(
            f"{word} {bound:.6g}" for word, bound in bounds.items() if bound is not None
        )
    return _percentile(asked, curve, options.get("percentile", 50.0)) if name in OF_COMPLETE else ""


def _percentile(asked: OptunaStudy, curve: Mapping[int, float], percent: float) -> str:
    step, own, largest = max(curve), list(curve.values()), asked.direction is StudyDirection.MAXIMIZE
    complete = asked.get_trials(deepcopy=False, states=COMPLETE)
    others = [trial.intermediate_values[step] for trial in complete if step in trial.intermediate_values]
    if np.isnan(own).all() or np.isnan(others).all():
        return ""
    best = np.nanmax(own) if largest else np.nanmin(own)
    limit = np.nanpercentile(others, 100 - percent if largest else percent)
    rule = "median" if percent == 50.0 else f"{percent:g} % limit"
    many = f"{len(others)} complete trial{'s' if len(others) > 1 else ''}"
    return f", its best so far {best:.6g}, and the {rule} of {many} at this step is {limit:.6g}"
