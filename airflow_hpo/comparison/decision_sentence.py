"""Sentence that states a comparison's outcome without terms of statistics."""

import math
from collections.abc import Sequence

from airflow_hpo.comparison.decision import ChallengerResult, Estimate, Evidence, Hypothesis, Verdict
from airflow_hpo.comparison.estimation import pairs_needed
from airflow_hpo.comparison.number_format import amount, change, percent
from airflow_hpo.comparison.rule import ComparisonRule, Scale
from airflow_hpo.core.objective import Objective


def sentence(
    verdict: Verdict,
    best: ChallengerResult | None,
    results: Sequence[ChallengerResult],
    objective: Objective,
    rule: ComparisonRule,
    look: int,
    evidence: Evidence,
) -> str:
    """Say what was found and why."""
    if verdict is Verdict.PROMOTE and best:
        return _promote(best, objective, rule, evidence)
    if verdict is Verdict.KEEP and best:
        return _keep(best, len(results), objective, rule, evidence)
    return _inconclusive(best, objective, rule, look, evidence)


def _promote(best: ChallengerResult, objective: Objective, rule: ComparisonRule, evidence: Evidence) -> str:
    found = best.improvement.effect.on(rule.scale)
    needed = f", where {amount(rule.min_improvement, rule.scale)} was asked" if rule.min_improvement else ""
    held = f"; {_listed([g.metric for g in best.guardrails])} stayed within bounds" if best.guardrails else ""
    return (
        f"Promote {best.candidate!r}: over {_scenarios(evidence.pairs)} its {objective.metric} is "
        f"{change(found.value, rule.scale)} than the champion's, with {percent(1 - best.level)} confidence by at least "
        f"{amount(found.low, rule.scale)}{needed}{held}."
    )


def _keep(
    best: ChallengerResult, challengers: int, objective: Objective, rule: ComparisonRule, evidence: Evidence
) -> str:
    claim = best.improvement
    who = (
        f"{best.candidate!r}"
        if challengers == 1
        else f"none of {challengers} challengers qualifies; the best, {best.candidate!r},"
    )
    found = claim.effect.on(rule.scale)
    over = f"over {_scenarios(evidence.pairs)}"
    seen = f"its {objective.metric} is {change(found.value, rule.scale)} {over}"
    if claim.refuted:
        least = f"better by {amount(rule.min_improvement, rule.scale)}" if rule.min_improvement else "as good"
        return f"Keep the champion: {who} was shown not to be {least} ({seen})."
    broken = [_broken(guardrail) for guardrail in best.guardrails if guardrail.refuted]
    return f"Keep the champion: {who} makes {_listed(broken)} ({seen})."


def _broken(claim: Hypothesis) -> str:
    effect = claim.effect.on(claim.scale)
    return f"{claim.metric} {change(effect.value, claim.scale)}, more than the {amount(claim.threshold, claim.scale)} allowed"


def _inconclusive(
    best: ChallengerResult | None, objective: Objective, rule: ComparisonRule, look: int, evidence: Evidence
) -> str:
    start = f"Inconclusive, so the champion stays: {_why(best, objective, rule, evidence)}."
    if look < rule.looks:
        return f"{start} More evaluations may be ordered: this was look {look} of {rule.looks}."
    return start


def _why(best: ChallengerResult | None, objective: Objective, rule: ComparisonRule, evidence: Evidence) -> str:
    if best is None and evidence.not_judged:
        return f"too many evaluations of {_listed([repr(name) for name in evidence.not_judged])} are missing"
    if best is None or evidence.pairs == 0:
        return "no scenario has a result of every candidate"
    if evidence.share_dropped > rule.max_dropped:
        return (
            f"{len(evidence.dropped)} of {evidence.pairs + len(evidence.dropped)} scenarios lack a result, "
            f"more than {amount(rule.max_dropped, Scale.RELATIVE)}"
        )
    needed = max(rule.min_pairs, pairs_needed(best.level))
    claim = best.improvement
    found = claim.effect.on(rule.scale)
    seen = f"{best.candidate!r} has a {objective.metric} {change(found.value, rule.scale)} over {_scenarios(evidence.pairs)}"
    if evidence.pairs < needed:
        return f"{seen}, and so few cannot show anything: {needed} are needed"
    unsure = [g.metric for g in best.guardrails if not g.shown]
    if claim.shown and unsure:
        return f"{seen}, but that {_listed(unsure)} stays within bounds was not shown"
    return f"{seen}, but by chance alone it could be {_between(found, rule.scale)}"


def _between(found: Estimate, scale: Scale) -> str:
    ends = [change(end, scale) for end in (found.low, found.high) if math.isfinite(end)]
    if not ends:
        return "anything"
    return f"anything from {ends[0]} to {ends[1]}" if len(ends) == 2 else f"anything beside {ends[0]}"


def _scenarios(count: int) -> str:
    return f"{count} {'scenario' if count == 1 else 'scenarios'}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
