"""What a trial of several simulations is worth, and which studies of them are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_hpo.core.evaluation import Scenario, folds
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.scenarios import aggregated, as_laid_out, flat_keys, in_period, main_key
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.template_names import check_scenario_names
from airflow_hpo.core.window import Window
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
        ({"scenarios": "daily"}, "Write scenarios='1d'"),
        ({"scenarios": "0d"}, "Write scenarios='1d'"),
        ({"scenarios": 7}, "Scenarios are a list, or a length such as '1d', but got 7. Write scenarios='7d'"),
        ({"scenarios": [7]}, r"Write scenarios=\['7', ...\]"),
        ({"scenarios": "1d", "shared": True}, "Write shared=False"),
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


def test_scenarios_without_an_order_are_refused_with_a_list_in_one() -> None:
    with pytest.raises(DeclarationError, match=r"Write a list: \['mon', 'tue'\]"):
        week(scenarios={"tue", "mon"})


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


@pytest.mark.parametrize("length", ["1d", timedelta(days=1)])
def test_a_window_is_laid_out_and_cut_into_as_many_days(length: Any) -> None:
    study = week(scenarios=length, aggregate="median", parallelism=14)
    assert Study.from_yaml(study.to_yaml()) == study

    laid_out = as_laid_out(study, Window("-1w"))
    cut = in_period(study, Window("-1w").period(datetime(2026, 3, 15, tzinfo=UTC)))

    assert (laid_out.simulations, laid_out.slots) == (cut.simulations, cut.slots) == (7, 2)
    assert [each.name for each in cut.listed_scenarios][:2] == ["2026-03-08", "2026-03-09"]
    first = cut.listed_scenarios[0].period
    assert first
    assert (first.start.day, first.end.day, cut.aggregate) == (8, 9, "median")


@pytest.mark.parametrize(
    ("options", "window", "message"),
    [
        ({}, None, r"has scenarios='1d' and no window. Write TuneTaskGroup\(\.\.\., window=Window\('-1w'\)\)"),
        ({}, Window("-6h"), "shorter than 1d"),
        ({"parallelism": 7, "batch_size": 3}, Window("-1w"), "Write batch_size=1, or parallelism=21"),
        ({"max_pending": 3, "parallelism": 7}, Window("-1w"), "Write max_pending=7"),
    ],
    ids=["no window", "a short one", "batch size", "pending"],
)
def test_days_are_checked_with_their_window(options: dict[str, Any], window: Window | None, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        as_laid_out(week(scenarios="1d", **options), window)


def test_folds_are_listed_and_known_to_a_program_by_their_index() -> None:
    study = week(scenarios=folds(3))
    assert study.listed_scenarios[2] == Scenario("fold_2", {"fold": 2, "folds": 3})
    check_scenario_names("command", ["{{ trial.scenario.values.fold }}"], study.listed_scenarios)
    with pytest.raises(DeclarationError, match=r"2 folds or more, but got 1. Write folds\(5\)"):
        folds(1)
