"""10,000 draws of every kind of parameter against the distribution that SciPy has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from optuna.study import StudyDirection
from optuna.trial import TrialState
from scipy import stats

from airflow_hpo.core.space.space import Float, Int, Params, Space, fits
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.distributions import distribution_of
from airflow_hpo.optuna.read import StoredStudy
from airflow_hpo.optuna.sample import SamplingRound
from tests.unit.optuna.history import History

DRAWS = 10_000
LIKELY = 1e-3
"""Draws that are less likely than that are not of the distribution; they are the same in every run."""
SPACE: Space = {
    "log": Float(1e-4, 1.0, log=True),
    "stepped_log": Float(0.1, 10.05, log=True, step=0.3),
    "whole_log": Int(1, 1000, log=True),
    "stepped_whole_log": Int(8, 1027, log=True, step=8),
}
Cdf = Callable[[float], float]
LOG: Cdf = stats.loguniform(1e-4, 1.0).cdf
STEPPED: dict[str, Cdf] = {
    "stepped_log": stats.loguniform(0.1, 10.0).cdf,
    # Optuna draws whole numbers from half below the lowest to half above the highest.
    "stepped_whole_log": lambda value: float(stats.loguniform(7.5, 1024.5).cdf(value)),
}


def study(sampler: str = "random", space: Space = SPACE) -> Study:
    return Study(name="draws", space=space, objective="loss", max_trials=DRAWS, sampler=sampler)


@pytest.fixture(scope="module")
def draws() -> list[Params]:
    asking = SamplingRound(study(), StoredStudy(1, "draws@1", [StudyDirection.MINIMIZE], {}, {}), [])
    found = [asking.next(str(index)) for index in range(DRAWS)]
    return [draft.params for draft in found if draft]


def test_draws_on_a_scale_without_steps_are_scipys(draws: list[Params]) -> None:
    assert stats.kstest([params["log"] for params in draws], LOG).pvalue > LIKELY


@pytest.mark.parametrize("name", STEPPED)
def test_draws_with_steps_are_scipys_rounded_to_the_nearest_value(draws: list[Params], name: str) -> None:
    assert _p_of_rounded(SPACE[name], STEPPED[name], [params[name] for params in draws]) > LIKELY


def test_every_draw_is_a_value_of_its_parameter_and_of_optunas_distribution(draws: list[Params]) -> None:
    assert len(draws) == DRAWS
    for params in draws:
        assert fits(SPACE, params)
    for name, parameter in SPACE.items():
        distribution = distribution_of(parameter)
        assert all(distribution._contains(distribution.to_internal_repr(params[name])) for params in draws)


@pytest.mark.parametrize("sampler", ["tpe", "qmc", "cmaes", "nsga2"])
def test_every_sampler_takes_these_parameters(sampler: str) -> None:
    history = History(study(sampler))
    history.play(5, 4, lambda params: float(params["log"]))  # type: ignore[arg-type]
    assert {trial.state for trial in history.trials} == {TrialState.COMPLETE}
    assert all(fits(SPACE, trial.params) for trial in history.trials)


def _p_of_rounded(parameter: Float | Int, cdf: Cdf, found: list[object]) -> float:
    """Return how likely draws are where each value stands for what is nearer to it than to its neighbours."""
    values, counts = list(parameter.values()), Counter(found)
    edges = [0.0, *((cdf((a + b) / 2)) for a, b in pairwise(values)), 1.0]
    expected = [(b - a) * DRAWS for a, b in pairwise(edges)]
    # Rare values together, as the test asks for.
    often = [at for at, count in enumerate(expected) if count >= 20]
    rare = DRAWS - sum(expected[at] for at in often)
    observed = [counts[values[at]] for at in often]
    given = [*observed, DRAWS - sum(observed)] if rare > 1 else observed
    wanted = [*(expected[at] for at in often), rare] if rare > 1 else [expected[at] for at in often]
    return float(stats.chisquare(given, wanted, sum_check=False).pvalue)
