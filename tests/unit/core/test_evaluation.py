from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_hpo.core.evaluation import Candidate, Plan, Scenario
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import DeclarationError

CHAMPION = Candidate("champion", {"x": 1})
CHALLENGER = Candidate("trial 7", {"x": None, "y": 0.5}, study="s@run", number=7, value=2.5)


def plan(**changes: Any) -> Plan:
    given = {
        "objective": Objective("loss"),
        "candidates": [CHALLENGER, CHAMPION],
        "scenarios": ["monday", Scenario("tuesday", {"day": 2})],
        "replicates": 2,
    }
    return Plan(**{**given, **changes})


def test_a_plan_survives_json_and_keeps_the_order_of_parameters() -> None:
    again = Plan.from_dict(json.loads(json.dumps(plan().to_dict())))

    assert again == plan()
    assert again.fingerprint == plan().fingerprint
    assert list(again.candidate("trial 7").params) == ["x", "y"]


def test_a_name_says_who_the_champion_is() -> None:
    assert (CHAMPION.role, CHALLENGER.role) == ("champion", "challenger")


@pytest.mark.parametrize(("name", "role"), [("champion", "challenger"), ("trial 7", "champion")])
def test_a_role_that_contradicts_the_name_is_refused(name: str, role: str) -> None:
    with pytest.raises(DeclarationError, match="is named 'champion'"):
        Candidate(name, {}, role=role)


def test_a_plan_counts_its_evaluations() -> None:
    wide = plan(variants=["model", "fallback"], replicates=3, first_replicate=4)

    assert wide.size == 2 * 2 * 2 * 3
    assert wide.last_replicate == 6


def test_seeds_depend_on_scenario_and_replicate_alone() -> None:
    seeds = {plan().seed_of(scenario, replicate) for scenario in ("monday", "tuesday") for replicate in (1, 2)}

    assert len(seeds) == 4
    assert plan(candidates=[CHAMPION], variants=["a", "b"], first_replicate=2).seed_of("monday", 2) in seeds
    assert plan(seed=1).seed_of("monday", 1) not in seeds


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"candidates": [CHAMPION, CHAMPION]}, "Every candidate runs once, but 'champion' is named twice"),
        ({"scenarios": ["monday", "monday"]}, "Every scenario runs once, but 'monday' is named twice"),
        ({"variants": ["a", "a"]}, "Every variant runs once, but 'a' is named twice"),
        ({"candidates": []}, "An evaluation needs at least one candidate, but got none"),
        ({"scenarios": []}, "An evaluation needs at least one scenario, but got none"),
        ({"variants": []}, "An evaluation needs at least one variant, but got none"),
        ({"replicates": 0}, "`replicates` must be at least 1"),
        ({"objective": Objective("scenario")}, "but got 'scenario'. Rename the metric"),
        ({"objective": Objective("loss", extra_metrics=["variant"])}, "but got 'variant'. Rename the metric"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError) as err:
        plan(**changes)

    assert said in str(err.value)


def test_values_of_a_scenario_differ_as_environment_variables() -> None:
    with pytest.raises(DeclarationError, match="'a-b' and 'a_b', both HPO_SCENARIO_A_B"):
        Scenario("monday", {"a-b": 1, "a_b": 2})


@pytest.mark.parametrize("changes", [{"seed": 9}, {"first_replicate": 2}, {"candidates": [CHAMPION]}])
def test_another_plan_has_another_fingerprint(changes: dict[str, Any]) -> None:
    assert plan(**changes).fingerprint != plan().fingerprint
