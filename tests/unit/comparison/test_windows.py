from __future__ import annotations

from collections.abc import Sequence

import pytest

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.report import markdown
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.comparison.windows import by_window, windows_sentence
from airflow_hpo.core.objective import Objective
from tests.unit.comparison.evaluations import evaluated

COST = Objective("cost")
DAYS = [10.0, 12.0, 11.0, 14.0, 13.0, 12.5, 11.5, 13.5]
NEW, NEWER, OLD = "trial 7 of 16w-8w", "trial 8 of 16w-8w", "trial 3 of 32w-24w"
OF = {NEW: ["16w-8w"], OLD: ["32w-24w"]}


def better(by: float) -> list[float]:
    return [value - by * (1 + place / 100) for place, value in enumerate(DAYS)]


def said(values: dict[str, Sequence[float]], objective: Objective = COST, looks: int = 1, also: str = "") -> str:
    windows = {name: [name.rpartition(" ")[2]] for name in values if name != "champion"}
    windows[NEW] += [also] if also else []
    rule, champion = ComparisonRule(looks=looks), "champion" if "champion" in values else None
    found, mean, pairs = by_window(evaluated(objective.metric, values), objective, rule, windows, champion)
    return windows_sentence(found, mean, pairs, objective, rule)


def test_the_window_that_paid_is_named_with_by_how_much_at_least() -> None:
    assert said({"champion": DAYS, NEW: better(3), OLD: better(1)}) == (
        "The tuning window 16w-8w paid: over 8 scenarios the cost of 'trial 7 of 16w-8w' is 2.07 better than that of "
        "'trial 3 of 32w-24w', the best of the next window, with 97.5 % confidence by at least 2.027."
    )


@pytest.mark.parametrize("champion", [DAYS, None])
def test_it_may_be_the_older_one_and_there_need_be_no_champion(champion: list[float] | None) -> None:
    values = {**({"champion": champion} if champion else {}), NEW: better(1), OLD: better(2)}
    assert said(values).startswith("The tuning window 32w-24w paid: ")


def test_of_a_metric_to_maximise_the_larger_is_the_better() -> None:
    values = {"champion": better(3), NEW: better(1), OLD: DAYS}
    assert said(values, objective=Objective("cost", direction="maximize")).startswith(
        "The tuning window 32w-24w paid: "
    )


def test_what_may_be_chance_is_said_to_be() -> None:
    mixed = [value + (1.4 if place % 2 else -1) for place, value in enumerate(DAYS)]
    found = said({NEW: DAYS, OLD: mixed})
    assert found.startswith("The tuning window 16w-8w did best, but that it paid was not shown: over 8 scenarios")
    assert found.endswith("and by chance alone it could be anything from 1 worse to 1.4 better.")


def test_one_difference_in_every_scenario_is_no_evidence() -> None:
    found = said({NEW: [value - 1 for value in DAYS], OLD: DAYS})
    assert "did best, but that it paid was not shown" in found
    assert found.endswith(", which is no evidence.")


def test_no_window_paid_where_the_champion_is_the_best() -> None:
    none = "No tuning window paid: the best of them, 16w-8w, found nothing that is better than the champion."
    found = said({"champion": better(3), NEW: better(2), OLD: DAYS})
    assert found.startswith(f"{none} It was better than the next one all the same: over 8 scenarios the cost of")
    assert said({"champion": better(3), NEW: better(2)}, also="32w-24w") == none


def test_windows_that_found_the_same_paid_the_same() -> None:
    assert said({NEW: DAYS}, also="32w-24w") == (
        "The tuning windows 16w-8w and 32w-24w found the same parameters, so both paid the same."
    )


def test_a_window_is_judged_by_its_best_challenger() -> None:
    assert said({NEW: DAYS, NEWER: better(3), OLD: better(1)}).startswith("The tuning window 16w-8w paid: ")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({NEW: DAYS}, "only 16w-8w has a challenger that was compared."),
        ({NEW: DAYS, OLD: [float("nan")] * 8}, "too many evaluations of 32w-24w are missing."),
    ],
)
def test_without_values_of_two_windows_which_paid_is_not_known(values: dict[str, Sequence[float]], why: str) -> None:
    assert said(values) == f"Which tuning window paid is not known: {why}"


def test_more_windows_and_more_looks_ask_for_more_certainty() -> None:
    values = {NEW: better(3), OLD: better(1)}
    assert "with 98.75 % confidence" in said(values, looks=2)
    assert "with 99.16 % confidence" in said({**values, "trial 1 of 60w-52w": better(0)})


def test_the_challengers_of_all_windows_share_the_allowed_error() -> None:
    decision = compare(evaluated("cost", {"champion": DAYS, NEW: better(3), OLD: better(1)}), COST, ComparisonRule())
    assert min(each.level for each in decision.challengers) == pytest.approx(0.025)


def test_the_report_has_a_table_of_the_windows() -> None:
    frame, rule = evaluated("cost", {"champion": DAYS, NEW: better(3), OLD: better(1)}), ComparisonRule()
    found, _, _ = by_window(frame, COST, rule, OF, "champion")
    page = markdown(compare(frame, COST, rule), None, [], found)
    assert "| tuning window | best challenger | cost | best window better by |" in page
    assert "| 16w-8w | trial 7 of 16w-8w | 9.0825 |  |  |  |  |" in page
    assert "| 32w-24w | trial 3 of 32w-24w | 11.152 | 2.07 |" in page
