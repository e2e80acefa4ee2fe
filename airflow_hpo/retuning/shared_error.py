"""Error budget that regions share, each with a part of its own that is fixed beforehand."""

from typing import Any

from airflow_hpo.comparison.error_budget import ErrorBudget, checked_error
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.task_groups.compare import checked_rule


def rule_of_one(rule: ComparisonRule | None, error: Any, regions: int) -> ComparisonRule:
    """Return the rule of one of several regions: its error is the one that is given, else its own, divided among them all.

    A budget that says among how many it is shared is taken as it is.
    """
    declared = checked_rule(rule)
    chosen = declared.error if error is None else _checked(error)
    if isinstance(chosen, ErrorBudget) and "among" not in chosen.model_fields_set:
        chosen = ErrorBudget(years=chosen.years, among=regions)
    return declared.model_copy(update={"error": chosen})


def rule_of_region(own: Any, shared: ComparisonRule | None, error: Any, regions: int) -> ComparisonRule:
    """Return the rule of a region; an error that its own rule declares is stronger than the one that is given for all."""
    if isinstance(own, ComparisonRule):
        return rule_of_one(own, None if "error" in own.model_fields_set else error, regions)
    return rule_of_one(shared if own is None else own, error, regions)


def _checked(error: Any) -> Any:
    try:
        return checked_error(error)
    except ValueError as err:
        raise DeclarationError(str(err)) from None
