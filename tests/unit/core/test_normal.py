from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from scipy import stats

from airflow_hpo.core.advice import advice
from airflow_hpo.core.form import fields, formed
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.settings import shown_setting
from airflow_hpo.core.space import grid
from airflow_hpo.core.space.completion import default_of
from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.space import Categorical, Float, check_point
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError

SPACE = {
    "x": Normal(1.0, 0.5),
    "n": Normal(64, 16, step=8, integer=True),
    "rate": LogNormal(math.log(0.001), 1.0),
    "c": Categorical(["a", "b"]),
    "w": LogNormal(0.0, 0.5, step=0.1, when={"c": "a"}),
}


def declared(**options: Any) -> Study:
    return Study(**{"name": "demo", "space": SPACE, "objective": "loss", "max_trials": 20, **options})


def test_a_distribution_survives_being_written_down() -> None:
    study = declared()

    assert Study.from_yaml(study.to_yaml()) == study
    assert json.loads(json.dumps(study.to_dict()))["space"]["n"] == {
        "type": "normal",
        "mu": 64.0,
        "sigma": 16.0,
        "step": 8.0,
        "integer": True,
    }


def test_another_sigma_is_another_search() -> None:
    other = declared(space={**SPACE, "x": Normal(1.0, 0.6)})

    assert declared().search_fingerprint == declared(max_trials=30).search_fingerprint != other.search_fingerprint


def test_bounds_are_the_quantiles_of_one_in_a_thousand_million() -> None:
    assert (Normal(1.0, 0.5).low, Normal(1.0, 0.5).high) == pytest.approx(
        stats.norm(1.0, 0.5).ppf([1e-9, 1 - 1e-9]), rel=1e-7
    )
    rate = stats.lognorm(1.0, scale=0.001)
    assert (LogNormal(math.log(0.001), 1.0).low, LogNormal(math.log(0.001), 1.0).high) == pytest.approx(
        rate.ppf([1e-9, 1 - 1e-9]), rel=1e-7
    )


@pytest.mark.parametrize("share", [0.0, 1e-9, 0.01, 0.3, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("name", ["x", "n", "rate", "w"])
def test_every_share_of_a_distribution_is_a_value_of_it(name: str, share: float) -> None:
    parameter = SPACE[name]
    assert isinstance(parameter, Normal | LogNormal)
    value = parameter.at_quantile(share)

    assert parameter.holds(value)
    assert parameter.canonical(value) == value
    assert parameter.holds(parameter.at_quantile(parameter.quantile(value)))


def test_whole_numbers_are_multiples_of_their_step() -> None:
    n = SPACE["n"]

    assert [n.holds(value) for value in (64, 64.0, 72, 70, 64.5, True, "64", 10_000)] == [True] * 3 + [False] * 5
    assert repr(n.canonical(72.0)) == "72"


def test_bounds_cut_a_distribution_off_and_lie_on_its_steps() -> None:
    n = Normal(64, 16, step=8, integer=True, at_least=10, at_most=100)
    assert (n.low, n.high) == (16, 96)
    assert [n.at_quantile(share) for share in (0.0, 0.5, 1.0)] == [16, 64, 96]
    assert [n.holds(value) for value in (8, 16, 96, 104)] == [False, True, True, False]
    assert (Normal(0, 1, at_least=-1.5).low, Normal(0, 1, at_most=0.5).high) == (-1.5, 0.5)


def test_a_step_of_a_tenth_has_no_drift() -> None:
    assert repr(SPACE["w"].canonical(0.1 + 0.2)) == "0.3"


def test_zero_is_a_value_of_a_positive_number_with_a_step_only() -> None:
    assert LogNormal(0.0, 1.0, step=0.5).holds(0.0)
    assert not LogNormal(0.0, 1.0).holds(0.0)


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: Normal(0.0), ["Normal", "'sigma'", "not given"]),
        (lambda: Normal(0.0, 0.0), ["sigma > 0", "sigma=0.0", "Write sigma=1.0"]),
        (lambda: Normal(0.0, -2.0), ["Write sigma=2.0"]),
        (lambda: Normal("0", 1.0), ["`mu`", "finite number", "'0'"]),
        (lambda: Normal(0.0, 1.0, step=-0.5), ["step > 0", "Write step=0.5"]),
        (lambda: Normal(0.0, 1.0, step=0.5, integer=True), ["whole step", "step=0.5", "Write step=1"]),
        (lambda: Normal(0.0, 1.0, step=100.0), ["several values", "smaller step"]),
        (
            lambda: Normal(0.0, 1.0, at_least=2, at_most=1),
            ["at_least < at_most", "Swap them: at_least=1.0, at_most=2.0."],
        ),
        (
            lambda: Normal(0.0, 1.0, at_least=7),
            ["within six `sigma`", "at_least=7.0", "Write a larger sigma, or Float."],
        ),
        (lambda: Normal(0.0, 1.0, step=0.5, at_least=0.6, at_most=0.9), ["one lies within its bounds", "smaller step"]),
        (lambda: LogNormal(0.0, 1000.0), ["smaller sigma", "sigma=1000.0"]),
        (lambda: Normal(0.0, 1e300, integer=True), ["9e+15", "smaller sigma"]),
        (lambda: Normal(0.0, 1.0, low=-3.0), ["Normal", "low=-3.0"]),
        (lambda: declared(space={"x": {"type": "bell"}}), ["'normal' or 'lognormal'"]),
        (lambda: declared(sampler="grid", max_trials=None), ["every value alike", "'x'", "Normal(mu=1.0, sigma=0.5)"]),
        (lambda: declared(start_points=[{"x": 9.0}]), ["outside Normal", "Write 'x': 3.99"]),
        (lambda: declared(start_points=[{"n": 70}]), ["outside Normal", "Write 'n': 72"]),
        (lambda: Categorical(["a", "b"], weights=[1]), ["Each choice has a weight", "weights=[1.0]", "weights=[1, 1]"]),
        (lambda: Categorical(["a", "b"], weights=[1, 0]), ["above 0", "weights=[1.0, 0.0]", "Leave out the choice"]),
        (lambda: Categorical(["a", "b"], weights=[1e308, 1e308]), ["at most 1e+09"]),
        (
            lambda: declared(space={"c": Categorical([1, 2], weights=[1, 2])}, sampler="grid"),
            ["A grid", "'c'", "[1.0, 2.0]"],
        ),
        (lambda: default_of("x", SPACE["x"], "a"), ["A default is a number"]),
    ],
)
def test_what_is_no_distribution_is_refused(declare: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises(DeclarationError if "default" not in words[0] else ValueError) as err:
        declare()

    assert [word for word in words if word not in str(err.value)] == []


def test_a_distribution_is_never_walked_as_a_list() -> None:
    assert not grid.countable({"n": SPACE["n"]})
    assert check_point(SPACE, {"w": 0.3}) == {"c": "a", "w": 0.3}


def test_the_form_of_a_run_has_no_bounds_of_a_distribution() -> None:
    study = declared(space={**SPACE, "y": Float(0, 1)})
    layout = Layout.of(study, 10, continuous=False)
    found = fields(study, layout, ranges=True)

    assert [name for name in found if name.startswith("space.")] == ["space.c", "space.y.low", "space.y.high"]
    narrowed = formed(study, layout, {"space.y.high": 0.5}, ranges=True)
    assert narrowed.space["x"] == study.space["x"]
    assert shown_setting(study.space["x"]) == "Normal(mu=1.0, sigma=0.5)"


def test_cmaes_counts_a_distribution_among_the_numbers() -> None:
    assert advice(declared(sampler="cmaes"))[0].startswith("Sampler 'cmaes' learns from numbers only, and takes 'c'")


def test_weights_are_written_down_and_stay_with_the_choices_that_a_run_leaves() -> None:
    study = declared(space={"c": Categorical(["a", "b", "d"], weights=[5, 3, 2]), "y": Float(0, 1)})
    layout = Layout.of(study, 10, continuous=False)
    assert Study.from_yaml(study.to_yaml()) == study
    narrowed = formed(study, layout, {"space.c": ["d", "a"]}, ranges=True)
    assert narrowed.space["c"] == Categorical(["a", "d"], weights=[5, 2])


def test_each_choice_has_a_part_as_long_as_its_weight() -> None:
    c = Categorical(["a", "b", "d"], weights=[5, 3, 2])
    assert [c.at_quantile(share) for share in (0.0, 0.49, 0.51, 0.79, 0.81, 1.0)] == ["a", "a", "b", "b", "d", "d"]
    assert [c.quantile(choice) for choice in c.choices] == pytest.approx([0.25, 0.65, 0.9])
