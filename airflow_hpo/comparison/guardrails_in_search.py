"""Guardrails as constraints of the search: what breaks one on the tuning window is not worth a test."""

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.study import Study


def constrained(study: Study, rule: ComparisonRule | None, opened: Study | None = None) -> Study:
    """Return a study with the guardrails of its rule as constraints; an edition that was opened before keeps those that it has.

    Another search than the one that it began would be refused.
    """
    found = [rail for rail in constraints_of(rule) if rail not in study.constraints]
    if opened is not None:
        watched = rule.guardrails if rule else {}
        found = [
            each
            for each in opened.metric_constraints
            if each.metric in watched and each.relative and each not in study.constraints
        ]
    if not found:
        return study
    given = {name: getattr(study, name) for name in study.model_fields_set}
    return Study(**{**given, "constraints": [*study.constraints, *found]})


def constraints_of(rule: ComparisonRule | None) -> list[MetricConstraint]:
    """Return the constraints that the guardrails of a rule are in a search."""
    rails = rule.guardrails.items() if rule else ()
    return [rail.constraint(metric) for metric, rail in rails if rail.in_search]
