"""Sentences about the error budget: what a comparison took of it, and what is left."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.comparison.allowance import Charge
from airflow_hpo.comparison.error_budget import LEAST, ErrorBudget
from airflow_hpo.comparison.number_format import percent, scenarios
from airflow_hpo.comparison.rule import ComparisonRule


def charge_sentences(rule: ComparisonRule, charge: Charge) -> str:
    """Say what a comparison may err with, what is left for others, and what was seen before."""
    said = [_budget(rule.error, charge) if isinstance(rule.error, ErrorBudget) else _each(charge)]
    if charge.seen:
        said.append(f"An earlier comparison had used {charge.seen} of its {scenarios(charge.scenarios)}.")
    if charge.not_counted:
        before = "1 comparison is" if charge.not_counted == 1 else f"{charge.not_counted} comparisons are"
        said.append(f"{before} not counted: from before scenarios were kept.")
    return " ".join(said)


def told_charge(decision: Mapping[str, Any]) -> str | None:
    """Say the same of a decision that was written down; None where nothing was tested, and of earlier releases."""
    charge = decision.get("charge")
    return charge_sentences(ComparisonRule.from_dict(decision["rule"]), Charge(**charge)) if charge else None


def share(probability: float) -> str:
    """Return a share of the budget as people read it, also where it is small."""
    if probability <= LEAST:
        return "nothing"
    return percent(probability) if probability >= 0.001 else f"{probability * 100:.1g} %"


def _budget(budget: ErrorBudget, charge: Charge) -> str:
    left, a_month = share(charge.left or 0.0), share(charge.a_month or 0.0)
    found = f"Error budget, {budget}: "
    if charge.charged:
        found += f"this comparison may err with {share(charge.level)}, {left} is left for others on the same data"
    elif charge.before:
        found += f"this comparison may err with {share(charge.level)}, which was charged before, {left} is left"
    else:
        found += f"this comparison can promote nothing and was charged nothing, {left} is left"
    return f"{found}, and a month of new data brings {a_month}."


def _each(charge: Charge) -> str:
    others = f", and the {charge.earlier} before it of the same parameter set err besides" if charge.earlier else ""
    return f"Each comparison by itself: this one may err with {share(charge.level)}{others}."
