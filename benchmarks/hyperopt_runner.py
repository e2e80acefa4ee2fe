"""Runs Hyperopt's TPE on the problems and prints final regrets as JSON; needs hyperopt, NumPy and SciPy only.

python -m benchmarks.hyperopt_runner TRIALS SEEDS
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from hyperopt import fmin, hp, tpe

from benchmarks.problems import Axis, Problem, problems


def parameter(name: str, axis: Axis) -> Any:
    """Return the parameter in Hyperopt's words."""
    if axis.scale == "log":
        return hp.loguniform(name, np.log(axis.values[0]), np.log(axis.values[-1]))
    if axis.scale == "linear":
        return hp.uniform(name, axis.values[0], axis.values[-1])
    if axis.scale == "index":
        return hp.uniformint(name, 0, len(axis.values) - 1)
    return hp.choice(name, list(axis.values))


def space(problem: Problem) -> Any:
    """Return the search space in Hyperopt's words."""
    branches = [
        {**({"model": model} if model else {}), **{name: parameter(name, axis) for name, axis in branch.axes.items()}}
        for model, branch in problem.branches.items()
    ]
    return hp.choice("branch", branches) if problem.conditional else branches[0]


def regret(problem: Problem, trials: int, seed: int) -> float:
    """Return the regret after some trials."""
    scores: list[float] = []

    def objective(params: dict[str, Any]) -> float:
        scores.append(problem(params))
        return scores[-1]

    rstate = np.random.default_rng(seed)
    fmin(objective, space(problem), algo=tpe.suggest, max_evals=trials, rstate=rstate, verbose=False)
    return problem.regret(min(scores))


def main() -> None:
    """Print regrets by problem, one a seed."""
    trials, first, seeds = (int(argument) for argument in sys.argv[1:])
    found = {p.name: [regret(p, trials, seed) for seed in range(first, first + seeds)] for p in problems()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
