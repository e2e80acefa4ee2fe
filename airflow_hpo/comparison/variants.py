"""Table of old and new parameters under every variant: where an improvement comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_hpo.comparison.decision import VariantResult
from airflow_hpo.comparison.differences import differences
from airflow_hpo.comparison.order import Order
from airflow_hpo.comparison.pairs import Pairs, pair
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.objective import Objective

if TYPE_CHECKING:
    import pandas as pd


def variant_table(
    evaluations: pd.DataFrame, objective: Objective, rule: ComparisonRule, champion: str, order: Order | None = None
) -> tuple[VariantResult, ...]:
    """Return the mean of every candidate under every variant and its effect there; empty without variants.

    Each variant is paired by itself. The intervals are for reading: they are corrected neither for the number of variants
    nor of challengers, and decide nothing.
    """
    names = sorted(set(evaluations["variant"]) - {""})
    tables = [
        (name, pair(evaluations[evaluations["variant"] == name], champion, rule.max_dropped, rule.max_failed))
        for name in names
    ]
    return tuple(
        result
        for name, pairs in tables
        for result in _rows(name, replace(pairs, order=order), objective, rule, champion)
    )


def _rows(variant: str, pairs: Pairs, objective: Objective, rule: ComparisonRule, champion: str) -> list[VariantResult]:
    if not pairs.evidence.pairs:
        return []
    old = pairs.of(champion)
    rows = [VariantResult(variant, champion, float(old[objective.metric].mean()), None, len(old))]
    for name in sorted(set(pairs.means.index.get_level_values("candidate")) - {champion}):
        new = pairs.of(name)
        effect = differences(objective.metric, objective.direction, old, new, pairs.order).effect(rule.alpha)
        rows.append(VariantResult(variant, name, float(new[objective.metric].mean()), effect, len(new)))
    return rows
