"""Decisions that no data can reach: too few scenarios for the rule, told before anything is tuned. Loads without NumPy."""

import math
from datetime import timedelta

from airflow_hpo.comparison.allowance import most_allowed
from airflow_hpo.comparison.decision import Decision
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.exceptions import DeclarationError

EXACT_PAIRS = 12
"""Most pairs for which all sign flips are enumerated; t and sign flips agree to three digits from there on."""
TIE = 1e-12
"""Share of the data's size below which a sum counts as zero: rounding must not break ties."""


def pairs_needed(level: float) -> int:
    """Return the fewest pairs with which a p-value can reach a level."""
    return min(math.ceil(-math.log2(level) - TIE), EXACT_PAIRS + 1)


def scenarios_needed(rule: ComparisonRule, challengers: int = 1) -> int:
    """Return the fewest scenarios with which a rule can promote the best of some challengers.

    Of several looks the last one is taken to have the whole error, and of an error budget everything to be there that can be, so that
    too few is never said of enough.
    """
    return max(rule.min_pairs, pairs_needed(most_allowed(rule) / challengers))


def can_promote(decision: Decision) -> bool:
    """Say whether the evidence of a decision could have promoted a challenger at all."""
    evidence, rule = decision.evidence, decision.rule
    if evidence.lacks_more_than(rule.max_dropped) or evidence.repeats_more_than(rule.max_dropped):
        return False
    barred = {each.candidate for each in evidence.barred}
    judged = [each for each in decision.challengers if each.judged and each.candidate not in barred]
    return any(
        evidence.pairs >= max(rule.min_pairs, pairs_needed(each.level)) for each in judged if not each.improvement.doubt
    )


def refuse_unreachable(
    rule: ComparisonRule, challengers: int, scenarios: int, *, window: timedelta | None = None, looked_up: bool = False
) -> None:
    """Refuse scenarios with which the rule can never promote: cut from a window of that length, else listed or looked up."""
    needed = scenarios_needed(rule, challengers)
    if scenarios >= needed:
        return
    several = f", {challengers} challengers" if challengers > 1 else ""
    allowed = most_allowed(rule)
    budget = "" if allowed == rule.alpha else f", of which the error budget gives {allowed:.2g} at most"
    raise DeclarationError(
        f"A challenger is promoted on {needed} scenarios or more (min_pairs={rule.min_pairs}, alpha={rule.alpha:g}{budget}{several}), but "
        f"got {scenarios}. {_remedy(needed, scenarios, window, looked_up)}"
    )


def _remedy(needed: int, scenarios: int, window: timedelta | None, looked_up: bool) -> str:
    if window is None:
        return f"{'Return' if looked_up else 'List'} {needed - scenarios} more."
    for unit, letter in ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "m")):
        if count := window // needed // unit:
            return f"Write scenarios='{count}{letter}', or lengthen the test window."
    return "Lengthen the test window."
