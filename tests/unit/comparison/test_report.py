from __future__ import annotations

import json
import math
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.finalists import select
from airflow_hpo.comparison.first_champion import first_champion
from airflow_hpo.comparison.report import as_data, markdown, selection_of
from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.window import Period
from tests.unit.comparison.evaluations import evaluated

REVENUE = Objective("revenue", "maximize")
DAYS = [100.0, 140.0, 90.0, 120.0, 110.0, 130.0, 95.0]
STEPS = [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]
RULE = ComparisonRule(guardrails={"wait": Guardrail("minimize", 2.0)}, looks=2)


def frame() -> pd.DataFrame:
    values = {"champion": DAYS, "new|x": [day + 5 + step for day, step in zip(DAYS, STEPS)], "poor": [math.nan] * 7}
    return pd.concat([evaluated("revenue", values, variant=v, wait=3.0) for v in ("model", "fallback")])


def test_the_page_holds_the_sentence_and_every_table() -> None:
    decision = compare(frame(), REVENUE, RULE, look=2)
    page = markdown(decision, select(frame(), {"new|x": 120.0, "champion": 112.0}, REVENUE, champion="champion"))
    assert page.startswith(f"## Promote\n\n{decision.sentence}\n\n```text\n")
    assert "\n\n| candidate | revenue (maximize) |" in page
    assert r"| new\|x | 117.14 | 5 | 4.46 % | 4.8 to 5.2 (95.1 %) | 0.0078 | ≤ 0.024 | promote |" in page
    assert "| poor | - | - | - | no limit to no limit" in page
    assert r"| wait | new\|x | 3 | 3 | 0 | 0 to 0 (95.1 %) | 2 | 0.0078 | yes, one value in every scenario |" in page
    assert "| fallback | champion | 112.14 |" in page
    assert "The study's winner was 'new|x'" in page
    assert "- Test: exact sign-flip test over all 128 sign changes" in page
    assert "- Not judged, too much is missing: poor." in page


@pytest.mark.parametrize(
    ("hour", "said"),
    [
        (0, "- Scenarios: 7 from 2026-10-04 up to 2026-11-01, each"),
        (18, "- Scenarios: 7 from 2026-10-04 18:00 up to 2026-11-01 18:00, each"),
    ],
)
def test_a_page_says_of_which_days_it_tells(hour: int, said: str) -> None:
    data, period = evaluated("revenue", {"champion": DAYS, "new": [day + 5 for day in DAYS]}), [(10, 4), (11, 1)]
    start, end = (datetime(2026, month, day, hour, tzinfo=ZoneInfo("Asia/Tokyo")) for month, day in period)
    page = markdown(compare(data, REVENUE, ComparisonRule()), period=Period(start=start, end=end))
    assert said in page


def test_every_table_row_has_as_many_cells_as_its_header() -> None:
    page = markdown(compare(frame(), REVENUE, RULE))
    for table in page.split("\n\n"):
        if table.startswith("|"):
            assert len({line.replace(r"\|", "").count("|") for line in table.splitlines()}) == 1


def test_what_was_left_out_is_listed() -> None:
    data = evaluated("revenue", {"champion": [*DAYS[:6], math.nan], "new": [day + 5 for day in DAYS]})
    page = markdown(compare(data, REVENUE, ComparisonRule()))
    assert "- Left out for all: day 06 (missing for champion)." in page
    assert "- Evaluations not used because a counterpart is missing: 1." in page


def test_tables_that_would_be_empty_are_left_out() -> None:
    page = markdown(compare(evaluated("revenue", {"champion": DAYS, "new": DAYS}), REVENUE, ComparisonRule()))
    assert "guardrail" not in page
    assert "variant" not in page
    assert "finalist" not in page


def test_the_data_are_plain_json_without_nan_or_infinity() -> None:
    decision = compare(frame(), REVENUE, RULE)
    data = json.loads(json.dumps(as_data(decision), allow_nan=False))
    assert (data["verdict"], data["next_look"], data["look"]) == ("inconclusive", 2, 1)
    assert data["challengers"][0]["improvement"]["effect"]["absolute"]["low"] is None
    assert data["challengers"][1]["improvement"]["challenger"] is None
    assert ComparisonRule.from_dict(data["rule"]) == RULE
    assert data["evidence"]["not_judged"] == ["poor"]


def test_a_selection_is_plain_json_too() -> None:
    found = select(evaluated("revenue", {"a": [math.nan] * 5}), {"a": 1.0}, REVENUE)
    assert json.loads(json.dumps(as_data(found), allow_nan=False))["finalists"][0]["mean"] is None


def test_a_selection_that_was_written_down_is_read_back() -> None:
    found = select(evaluated("revenue", {"a": DAYS, "b": DAYS[::-1]}), {"a": 150.0, "b": 140.0}, REVENUE)
    assert selection_of(json.loads(json.dumps(as_data(found), allow_nan=False))) == found


def test_numbers_that_json_cannot_hold_are_read_back_as_they_were() -> None:
    found = select(evaluated("revenue", {"a": [math.nan] * 5}), {"a": 1.0}, REVENUE)
    back = selection_of(json.loads(json.dumps(as_data(found))))
    assert math.isnan(back.finalists[0].mean)
    assert (back.inflation.low, back.inflation.high) == (-math.inf, math.inf)


def test_the_parameters_come_before_the_numbers_with_the_champion_first_and_changes_in_bold() -> None:
    candidates = [
        Candidate("new", {"rate": 0.2, "solver": "greedy", "fast": True}),
        Candidate("champion", {"rate": 0.1, "solver": "greedy"}, version=3),
    ]
    page = markdown(
        compare(evaluated("revenue", {"champion": DAYS, "new": DAYS}), REVENUE, ComparisonRule()), None, candidates
    )
    assert "| parameter | champion (version 3) | new |" in page
    assert "| rate | **0.1** | **0.2** |" in page
    assert "| solver | greedy | greedy |" in page
    assert "| fast | **-** | **true** |" in page
    assert page.index("| parameter |") < page.index("| candidate |")


def test_without_a_champion_the_page_tells_means_and_no_test() -> None:
    page = markdown(first_champion(evaluated("revenue", {"new": DAYS}), REVENUE, ComparisonRule()))
    assert "| new | 112.14 |" in page
    assert "Test:" not in page
    assert "Allowed error" not in page
    assert "```" not in page
