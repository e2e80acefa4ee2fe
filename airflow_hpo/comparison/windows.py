"""Tuning windows against each other: which found the challengers that did best on the test, and whether that is more than chance.

The challengers of all windows were evaluated under the same scenarios and seeds, so the windows are compared in pairs, as
challengers are with the champion. It decides nothing: who is promoted, the rule says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_hpo.comparison.compare import judged_pairs
from airflow_hpo.comparison.decision import Effect, WindowResult
from airflow_hpo.comparison.decision_sentence import between
from airflow_hpo.comparison.differences import differences
from airflow_hpo.comparison.number_format import amount, change, listed, percent, scenarios
from airflow_hpo.comparison.order import Order
from airflow_hpo.comparison.pairs import Pairs, checked
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.objective import Direction, Objective

if TYPE_CHECKING:
    import pandas as pd


def by_window(
    frame: pd.DataFrame,
    objective: Objective,
    rule: ComparisonRule,
    windows: Mapping[str, Sequence[str]],
    champion: str | None,
    in_time: Order | None = None,
) -> tuple[tuple[WindowResult, ...], float | None, int]:
    """Return the windows, the best first, the champion's mean, and the number of scenarios; ``windows`` is by candidate."""
    pairs = judged_pairs(checked(frame, [objective.metric], champion), objective, rule, champion, in_time)
    sign = 1.0 if objective.direction is Direction.MINIMIZE else -1.0
    means = {name: _mean(pairs, name, objective) for name in windows}

    def order(name: str) -> tuple[bool, float]:
        return math.isnan(means[name]), 0.0 if math.isnan(means[name]) else sign * means[name]

    first: dict[str, str] = {}
    for name in sorted(windows, key=order):
        for window in windows[name]:
            first.setdefault(window, name)
    best = next(iter(first.values()))
    # Whichever of them is ahead could have been claimed to be, of every other one and at every look.
    level = rule.alpha / (len(first) * max(1, len(first) - 1) * rule.looks)
    found = tuple(
        WindowResult(window, name, means[name], *_ahead(pairs, best, name, objective, rule, level))
        for window, name in first.items()
    )
    return found, _mean(pairs, champion, objective) if champion else None, pairs.evidence.pairs


def windows_sentence(
    found: tuple[WindowResult, ...],
    champion: float | None,
    pairs: int,
    objective: Objective,
    rule: ComparisonRule,
) -> str:
    """Say which tuning window paid."""
    if len(found) == 1:
        return f"Which tuning window paid is not known: only {found[0].window} has a challenger that was compared."
    known = [each for each in found if not math.isnan(each.mean)]
    if len(known) < 2:
        without = listed([each.window for each in found if each not in known])
        return f"Which tuning window paid is not known: too many evaluations of {without} are missing."
    best, second = known[:2]
    paid = f"The tuning window {best.window} paid: "
    if champion is not None and not _better(best.mean, champion, objective):
        none = (
            f"No tuning window paid: the best of them, {best.window}, found nothing that is better than the champion."
        )
        if not second.behind:
            return none
        paid = f"{none} It was better than the next one all the same: "
    if best.candidate == second.candidate:
        return f"The tuning windows {best.window} and {second.window} found the same parameters, so both paid the same."
    effect = second.ahead
    if effect is None or second.mean == best.mean:
        return f"The tuning windows {best.window} and {second.window} paid the same."
    ahead, scale = effect.on(rule.scale), effect.scale(rule.scale)
    seen = (
        f"over {scenarios(pairs)} the {objective.metric} of {best.candidate!r} is {change(ahead.value, scale)} than that of "
        f"{second.candidate!r}, the best of the next window"
    )
    if second.behind:
        sure = percent(0.5 + ahead.confidence / 2)
        return f"{paid}{seen}, with {sure} confidence by at least {amount(ahead.low, scale)}."
    return (
        f"The tuning window {best.window} did best, but that it paid was not shown: {seen}"
        f"{f', and by chance alone it could be {between(ahead, scale)}' if ahead.low <= 0 else ', which is no evidence'}."
    )


def _ahead(
    pairs: Pairs, best: str, name: str, objective: Objective, rule: ComparisonRule, level: float
) -> tuple[Effect | None, bool]:
    if name == best or {name, best} & set(pairs.evidence.not_judged):
        return None, False
    theirs, own = pairs.of(name), pairs.of(best)
    # Where its own program failed there is nothing to be better than.
    there = theirs[objective.metric].notna().to_numpy()
    data = differences(objective.metric, objective.direction, theirs[there], own[there], pairs.order)
    effect = data.effect(level)
    enough = there.sum() >= rule.min_pairs and not data.doubt(rule.scale)
    return effect, bool(enough and effect.on(rule.scale).low > 0)


def _mean(pairs: Pairs, name: str, objective: Objective) -> float:
    return float(pairs.of(name)[objective.metric].mean())


def _better(mean: float, other: float, objective: Objective) -> bool:
    return mean < other if objective.direction is Direction.MINIMIZE else mean > other
