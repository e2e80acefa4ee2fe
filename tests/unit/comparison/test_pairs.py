from __future__ import annotations

import math

import pandas as pd
import pytest

from airflow_hpo.comparison.decision import Dropped
from airflow_hpo.comparison.pairs import Pairs, checked, pair
from airflow_hpo.exceptions import DeclarationError
from tests.unit.comparison.evaluations import evaluated

NAN = math.nan


def paired(frame: pd.DataFrame, metrics: tuple[str, ...] = ("cost",), max_dropped: float = 1.0) -> Pairs:
    return pair(checked(frame, metrics, "champion"), "champion", max_dropped)


def test_the_same_scenarios_stand_side_by_side_whatever_the_order_of_rows() -> None:
    frame = evaluated("cost", {"champion": [1, 2, 3], "new": [4, 5, 6]}).sample(frac=1, random_state=2)
    pairs = paired(frame)
    assert pairs.of("champion")["cost"].tolist() == [1, 2, 3]
    assert pairs.of("new")["cost"].tolist() == [4, 5, 6]
    assert (pairs.evidence.pairs, pairs.evidence.replicates, pairs.evidence.dropped) == (3, 1, ())


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
def test_a_scenario_missing_for_one_is_dropped_for_all_and_said_so(value: float) -> None:
    pairs = paired(evaluated("cost", {"champion": [1, 2, 3], "a": [4, value, 6], "b": [7, 8, 9]}))
    assert pairs.of("b")["cost"].tolist() == [7, 9]
    assert pairs.evidence.dropped == (Dropped("day 01", ("a",), "infrastructure"),)
    assert pairs.evidence.evaluations_dropped == 2
    assert pairs.evidence.lacks_more_than(0.33)
    assert not pairs.evidence.lacks_more_than(1 / 3)


def test_a_missing_row_counts_like_a_failed_evaluation() -> None:
    frame = evaluated("cost", {"champion": [1, 2, 3], "a": [4, 5, 6]})
    pairs = paired(frame.drop(index=1))
    assert pairs.evidence.dropped == (Dropped("day 01", ("champion",), "champion"),)


def test_an_evaluation_without_every_metric_is_missing() -> None:
    frame = evaluated("cost", {"champion": [1, 2], "a": [4, 5]}).assign(latency=[1.0, 1.0, NAN, 1.0])
    assert paired(frame, ("cost", "latency")).evidence.dropped == (Dropped("day 00", ("a",), "infrastructure"),)


def test_replicates_are_averaged_over_those_that_all_have() -> None:
    frame = pd.concat(
        [
            evaluated("cost", {"champion": [c], "a": [a]}, replicate=r)
            for r, (c, a) in enumerate([(1, 10), (2, 20), (9, NAN)])
        ]
    )
    pairs = paired(frame)
    assert pairs.of("champion")["cost"].tolist() == [1.5]
    assert pairs.of("a")["cost"].tolist() == [15]
    assert (pairs.evidence.replicates, pairs.evidence.evaluations_dropped) == (2, 1)
    assert pairs.evidence.dropped == ()


def test_variants_weigh_the_same_however_many_replicates_they_have() -> None:
    frame = pd.concat(
        [
            evaluated("cost", {"champion": [1], "a": [2]}, variant="model", replicate=0),
            evaluated("cost", {"champion": [1], "a": [2]}, variant="model", replicate=1),
            evaluated("cost", {"champion": [5], "a": [8]}, variant="fallback", replicate=0),
        ]
    )
    pairs = paired(frame)
    assert pairs.of("champion")["cost"].tolist() == [3]
    assert pairs.of("a")["cost"].tolist() == [5]
    assert pairs.evidence.replicates == 1


def test_a_scenario_without_one_of_the_variants_is_dropped() -> None:
    frame = pd.concat(
        [
            evaluated("cost", {"champion": [1, 1], "a": [2, 2]}, variant="model"),
            evaluated("cost", {"champion": [1, 1], "a": [2, NAN]}, variant="fallback"),
        ]
    )
    pairs = paired(frame)
    assert pairs.evidence.dropped == (Dropped("day 01", ("a",), "infrastructure"),)


def test_scenarios_that_share_no_replicate_are_dropped_for_everybody() -> None:
    frame = pd.concat(
        [evaluated("cost", {"champion": [1, NAN], "a": [NAN, 1]}, replicate=r) for r in range(2)],
    )
    days = [each.scenario for each in paired(frame).evidence.dropped]
    assert days == ["day 00", "day 01"]


def test_a_challenger_that_lacks_too_much_does_not_take_the_others_down() -> None:
    frame = evaluated("cost", {"champion": [1, 2, 3, 4], "a": [1, NAN, NAN, 4], "b": [1, 2, 3, 4]})
    pairs = paired(frame, max_dropped=0.25)
    assert pairs.evidence.not_judged == ("a",)
    assert pairs.evidence.pairs == 4


def test_nothing_in_common_leaves_no_pair() -> None:
    pairs = paired(evaluated("cost", {"champion": [NAN], "a": [1]}))
    assert (pairs.evidence.pairs, pairs.evidence.replicates) == (0, 0)
    assert len(pairs.of("a")) == 0


def test_keys_of_any_type_name_scenarios() -> None:
    frame = evaluated("cost", {"champion": [1, 2], "a": [3, 4]})
    frame["scenario"] = pd.to_datetime(["2026-01-01", "2026-01-02"] * 2)
    assert paired(frame.assign(replicate=[0, 1, 0, 1])).evidence.pairs == 2


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (evaluated("cst", {"champion": [1], "a": [2]}), "'cost'.*mean 'cst'"),
        (evaluated("cost", {"champion": [1], "a": [2]}).drop(columns="scenario"), "'scenario'"),
        (evaluated("cost", {"Champion": [1], "a": [2]}), "champion.*mean 'Champion'"),
        (evaluated("cost", {"champion": [1]}), "needs a challenger"),
        (evaluated("cost", {"champion": [1], "a": [2]}).assign(cost="1"), "holds numbers"),
        (evaluated("cost", {"champion": [1, 1], "a": [2, 2]}, scenario="x"), "scenario='x'.*twice"),
        (evaluated("cost", {"champion": [1], "a": [2]}, scenario=None), "2 rows lack"),
    ],
    ids=["metric", "scenario", "champion", "challenger", "text", "twice", "empty"],
)
def test_a_frame_that_breaks_the_contract_is_refused_in_words(frame: pd.DataFrame, words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        paired(frame)


def test_pairing_leaves_the_frame_as_it_was() -> None:
    frame = evaluated("cost", {"champion": [1], "a": [2]})
    paired(frame)
    assert list(frame.columns) == ["candidate", "scenario", "cost", "failure_kind"]
