"""10,000 draws of every kind of parameter against the distribution that SciPy has."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from optuna.distributions import FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState
from scipy import stats

from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.space import Categorical, Float, Int, Parameter, Params, Space, fits
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.distributions import distribution_of
from airflow_hpo.optuna.read import StoredStudy
from airflow_hpo.optuna.sample import SamplingRound
from airflow_hpo.optuna.seen import seen_trials
from tests.unit.optuna.history import History

DRAWS = 10_000
LIKELY = 1e-3
"""Draws that are less likely than that are not of the distribution; they are the same in every run."""
SPACE: Space = {
    "log": Float(1e-4, 1.0, log=True),
    "stepped_log": Float(0.1, 10.05, log=True, step=0.3),
    "whole_log": Int(1, 1000, log=True),
    "stepped_whole_log": Int(8, 1027, log=True, step=8),
    "normal": Normal(3.0, 2.0),
    "stepped_normal": Normal(3.0, 2.0, step=0.5),
    "whole_normal": Normal(64, 16, integer=True),
    "lognormal": LogNormal(-7.0, 1.5),
    "stepped_lognormal": LogNormal(0.0, 1.0, step=0.5),
    "whole_lognormal": LogNormal(3.0, 1.0, integer=True, step=4),
    "cut_normal": Normal(3.0, 2.0, at_least=2.0, at_most=8.0),
    "cut_lognormal": LogNormal(0.0, 1.0, at_most=2.0),
    "weighted": Categorical(["a", None, 3, True, 0.5], weights=[5, 0.5, 3, 1, 0.5]),
    "below": Categorical(["x", "y"], weights=[1, 9], when={"weighted": "a"}),
}
Cdf = Callable[[float], float]
CONTINUOUS: dict[str, Cdf] = {
    "log": stats.loguniform(1e-4, 1.0).cdf,
    "normal": stats.norm(3.0, 2.0).cdf,
    "lognormal": stats.lognorm(1.5, scale=math.exp(-7.0)).cdf,
    "cut_normal": stats.truncnorm(-0.5, 2.5, loc=3.0, scale=2.0).cdf,
    "cut_lognormal": lambda value: stats.lognorm(1.0).cdf(value) / stats.lognorm(1.0).cdf(2.0),
}
STEPPED: dict[str, Cdf] = {
    "stepped_log": stats.loguniform(0.1, 10.0).cdf,
    # Optuna draws whole numbers from half below the lowest to half above the highest.
    "stepped_whole_log": lambda value: float(stats.loguniform(7.5, 1024.5).cdf(value)),
    "stepped_normal": stats.norm(3.0, 2.0).cdf,
    "whole_normal": stats.norm(64, 16).cdf,
    "stepped_lognormal": stats.lognorm(1.0).cdf,
    "whole_lognormal": stats.lognorm(1.0, scale=math.exp(3.0)).cdf,
}


def study(sampler: str = "random", space: Space = SPACE) -> Study:
    return Study(name="draws", space=space, objective="loss", max_trials=DRAWS, sampler=sampler)


@pytest.fixture(scope="module")
def draws() -> list[Params]:
    asking = SamplingRound(study(), StoredStudy(1, "draws@1", [StudyDirection.MINIMIZE], {}, {}), [])
    found = [asking.next(str(index)) for index in range(DRAWS)]
    return [draft.params for draft in found if draft]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_draws_without_steps_are_scipys(draws: list[Params], name: str) -> None:
    assert stats.kstest([params[name] for params in draws], CONTINUOUS[name]).pvalue > LIKELY


@pytest.mark.parametrize("name", STEPPED)
def test_draws_with_steps_are_scipys_rounded_to_the_nearest_value(draws: list[Params], name: str) -> None:
    assert _p_of_rounded(SPACE[name], STEPPED[name], [params[name] for params in draws]) > LIKELY


def test_choices_are_drawn_as_they_are_weighted(draws: list[Params]) -> None:
    found = Counter(repr(params["weighted"]) for params in draws)
    observed = [found[text] for text in ("'a'", "None", "3", "True", "0.5")]
    assert stats.chisquare(observed, [5000, 500, 3000, 1000, 500]).pvalue > LIKELY
    below = Counter(params["below"] for params in draws if "below" in params)
    assert below.total() == found["'a'"]
    assert stats.binomtest(below["x"], below.total(), 0.1).pvalue > LIKELY


def test_every_draw_is_a_value_of_its_parameter_and_of_optunas_distribution(draws: list[Params]) -> None:
    assert len(draws) == DRAWS
    for params in draws:
        assert fits(SPACE, params)
    for name, parameter in SPACE.items():
        distribution = distribution_of(parameter)
        values = [params[name] for params in draws if name in params]
        assert all(distribution._contains(distribution.to_internal_repr(value)) for value in values)


@pytest.mark.parametrize("sampler", ["tpe", "qmc", "cmaes", "nsga2"])
def test_every_sampler_takes_these_parameters(sampler: str) -> None:
    history = History(study(sampler))
    history.play(5, 4, lambda params: float(params["log"]))  # type: ignore[arg-type]
    assert {trial.state for trial in history.trials} == {TrialState.COMPLETE}
    assert all(fits(SPACE, trial.params) for trial in history.trials)


def _p_of_rounded(parameter: Parameter, cdf: Cdf, found: list[object]) -> float:
    """Return how likely draws are where each value stands for what is nearer to it than to its neighbours."""
    assert not isinstance(parameter, Categorical)
    counts = Counter(found)
    first, last = parameter.index(parameter.low), parameter.index(parameter.high)
    values = list(parameter.values()) or [parameter.at(index) for index in range(first, last + 1)]
    edges = [0.0, *((cdf((a + b) / 2)) for a, b in pairwise(values)), 1.0]
    expected = [(b - a) * DRAWS for a, b in pairwise(edges)]
    # Rare values together, as the test asks for.
    often = [at for at, count in enumerate(expected) if count >= 20]
    rare = DRAWS - sum(expected[at] for at in often)
    observed = [counts[values[at]] for at in often]
    given = [*observed, DRAWS - sum(observed)] if rare > 1 else observed
    wanted = [*(expected[at] for at in often), rare] if rare > 1 else [expected[at] for at in often]
    return float(stats.chisquare(given, wanted, sum_check=False).pvalue)


def test_the_copy_of_a_sampler_has_shares_and_the_trials_have_values() -> None:
    space: Space = {"x": Normal(100.0, 10.0)}
    history = History(study("tpe", space))
    history.play(4, 4, lambda params: float(params["x"]))  # type: ignore[arg-type]
    seen = seen_trials(space, history.trials)
    assert all(0 < trial.params["x"] < 1 for trial in seen)
    assert {repr(trial.distributions["x"]) for trial in seen} == {repr(FloatDistribution(0.0, 1.0))}
    assert all(30 < trial.params["x"] < 170 for trial in history.trials)


def test_tpe_goes_where_the_trials_of_a_distribution_are_good() -> None:
    space: Space = {"x": Normal(0.0, 1.0), "y": LogNormal(0.0, 1.0)}
    history = History(study("tpe", space))
    history.play(12, 5, lambda params: abs(params["x"] - 1.5) + abs(math.log(params["y"]) - 1.0))  # type: ignore[operator, arg-type]
    values = [trial.value for trial in history.trials]
    assert sum(values[-20:]) < sum(values[:20]) / 2


def test_tpe_learns_which_of_weighted_choices_is_good() -> None:
    space: Space = {"c": Categorical(["a", "b", "c", "d"], weights=[5, 2, 2, 1]), "x": Float(0, 1)}
    history = History(study("tpe", space))
    history.play(12, 5, lambda params: (params["c"] != "c") + float(params["x"]))  # type: ignore[arg-type]
    chosen = [trial.params["c"] for trial in history.trials]
    assert chosen[:10].count("a") > 3
    assert chosen[-20:].count("c") > 8


def test_a_value_that_is_given_is_tried_to_the_last_digit() -> None:
    space: Space = {"x": Normal(0.0, 1.0), "y": LogNormal(-7.0, 1.5)}
    point = {"x": 4.123456789012345, "y": 0.000123456789012345}
    given = Study(name="draws", space=space, objective="loss", max_trials=9, start_points=[point], sampler="tpe")
    assert [draft.params for draft in History(given).ask("0/0")] == [point]


def test_constraints_hold_between_parameters_with_distributions() -> None:
    space: Space = {"x": Normal(0.0, 1.0), "y": Normal(0.0, 1.0)}
    kept = Study(name="draws", space=space, objective="loss", max_trials=9, constraints=["x <= y"], sampler="tpe")
    history = History(kept)
    history.play(4, 5, lambda params: float(params["x"]))  # type: ignore[arg-type]
    assert all(trial.params["x"] <= trial.params["y"] for trial in history.trials)
