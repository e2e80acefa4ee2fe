from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_hpo.comparison.rule import ComparisonRule, Guardrail, Scale, Spending
from airflow_hpo.exceptions import DeclarationError


def test_a_rule_round_trips_through_yaml() -> None:
    rule = ComparisonRule(
        alpha=0.01,
        min_improvement=0.02,
        scale="relative",
        guardrails={"latency": Guardrail("minimize", 5.0), "share": Guardrail("maximize", 0.01, scale="relative")},
        looks=3,
        spending="pocock",
        variant="model",
    )
    assert ComparisonRule.from_yaml(rule.to_yaml()) == rule
    assert (rule.scale, rule.spending) == (Scale.RELATIVE, Spending.POCOCK)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"alpha": 0.5}, "alpha.*below 0.5,"),
        ({"alpha": 0.0}, "alpha.*above 0,"),
        ({"min_improvement": -0.1}, "min_improvement.*at least 0"),
        ({"looks": 0}, "looks.*at least 1"),
        ({"looks": 21}, "looks.*at most 20"),
        ({"max_dropped": 1.5}, "max_dropped.*at most 1"),
        ({"min_pair": 3}, "Did you mean 'min_pairs'"),
        ({"error": "all"}, r"by itself, 'each', but got 'all'. Write error=ErrorBudget\(years=5\)"),
        ({"error": 3}, r"Write error=ErrorBudget\(years=3\)"),
        ({"error": {"years": 0}}, "years.*above 0"),
        ({"scale": "percent"}, "scale.*'absolute' or 'relative'"),
        ({"guardrails": {"a;b": Guardrail("minimize", 1.0)}}, "metric's name"),
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused_in_words(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        ComparisonRule(**wrong)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "needs 'direction'"),
        ({"direction": "minimize"}, "needs 'margin'"),
        ({"direction": "minimize", "margin": 0.0}, "margin.*above 0,"),
        ({"direction": "down", "margin": 1.0}, "direction"),
    ],
    ids=str,
)
def test_a_guardrail_says_which_way_is_good_and_how_much_is_tolerated(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        Guardrail(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("module", ["rule", "decision", "number_format"])
def test_declaring_a_rule_and_reading_a_decision_load_nothing_heavy(module: str) -> None:
    code = f"import sys; import airflow_hpo.comparison.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "pandas", "scipy", "airflow"}.isdisjoint(loaded)
