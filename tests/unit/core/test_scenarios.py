"""What a trial of several simulations is worth, and which studies of them are refused."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.scenarios import aggregated, flat_keys, main_key
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.template_names import check_scenario_names
from airflow_hpo.exceptions import DeclarationError

DAYS = ["mon", "tue", "wed"]
VALUES = [4.0, 1.0, 2.5, 9.0]


def week(**options: Any) -> Study:
    given = {"name": "s", "space": {"x": Float(0, 1)}, "objective": "loss", "max_trials": 10, "scenarios": DAYS}
    return Study(**{**given, **options})


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [("mean", 4.125), ("sum", 16.5), ("median", 3.25), ("worst", 9.0), (0.5, 3.25), (0.9, 7.5)],
)
def test_a_trial_has_one_value_from_those_of_its_scenarios(aggregate: Any, value: float) -> None:
    assert aggregated(VALUES, aggregate, Direction.MINIMIZE) == pytest.approx(value)


def test_the_worst_of_what_is_maximised_is_the_lowest() -> None:
    assert aggregated(VALUES, "worst", Direction.MAXIMIZE) == 1.0


def test_an_index_of_a_flat_batch_is_one_scenario_of_one_trial() -> None:
    assert flat_keys("002/3", 3) == ["002/9", "002/10", "002/11"]
    assert [main_key(key, 3) for key in ("002/9", "002/11", "002/12")] == [("002/3", 0), ("002/3", 2), ("002/4", 0)]


@pytest.mark.parametrize(
    ("parallelism", "slots", "at_once"), [(6, 2, 6), (8, 2, 8), (2, 1, 2), (None, 1, 5), (99, 10, 30)]
)
def test_as_many_trials_run_as_fit_whole_and_one_at_least(parallelism: int | None, slots: int, at_once: int) -> None:
    study = week(parallelism=parallelism)
    assert (study.slots, study.simulations_at_once) == (slots, at_once)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenarios": ["mon", "mon"]}, "Every scenario runs once, but 'mon' is named twice"),
        ({"scenarios": [], "aggregate": "sum"}, "Write scenarios="),
        ({"scenarios": [], "scenarios_needed": 0.5}, "Write scenarios="),
        ({"aggregate": "avg"}, "or a quantile such as 0.9, but got 'avg'"),
        ({"aggregate": "p90"}, r"Write aggregate=0\.9\."),
        ({"aggregate": 1.5}, "A quantile is between 0 and 1"),
        ({"aggregate": "sum", "scenarios_needed": 0.8}, "Write aggregate='mean'"),
        ({"shared": True}, "Write shared=False"),
        ({"pruner": "median"}, r"Write pruner=Pruner\('wilcoxon'"),
        ({"pruner": "wilcoxon", "aggregate": "worst"}, "Leave the pruner out"),
        ({"name": "n" * 190}, "187 characters at most"),
        ({"parallelism": 6, "batch_size": 3}, "Write batch_size=2, or parallelism=9"),
        ({"parallelism": 6, "max_pending": 2}, "Write max_pending=3"),
        ({"parallelism": 9, "max_pending": 6, "batch_size": 3}, "Write batch_size=2"),
        ({"parallelism": 2, "max_parallelism": 6}, "Write parallelism=3"),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
def test_what_makes_no_sense_is_refused_with_what_to_write(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        week(**options)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ scenario.load }}", "Write trial.scenario.values.load"),
        ("{{ trial.scenario.load }}", "Write trial.scenario.values.load"),
        ("{{ trial.scenario.values.laod }}", "scenario 'mon' has not.*load"),
        ("{{ trial.scenario.values.rain }}", r"scenario 'mon' has not"),
        ("{{ trial.scenario.name }} {{ trial.scenario.values.load }} {{ trial.scenario }}", None),
        ("{{ trial.scenario.values.rain | default(0) }}", None),
    ],
)
def test_a_template_names_what_every_scenario_has(template: str, message: str | None) -> None:
    scenarios = [Scenario("mon", {"load": 1.5}), Scenario("tue", {"load": 1, "rain": True})]
    if message is None:
        check_scenario_names("command", [template], scenarios)
        return
    with pytest.raises(DeclarationError, match=message):
        check_scenario_names("command", [template], scenarios)
