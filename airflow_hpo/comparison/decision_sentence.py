"""Sentence that states a comparison's outcome without terms of statistics."""

import math
from collections.abc import Sequence

from airflow_hpo.comparison.decision import ChallengerResult, Estimate, Evidence, Hypothesis, Verdict
from airflow_hpo.comparison.enough import more_needed
from airflow_hpo.comparison.number_format import amount, change, digits_apart, listed, percent, scenarios
from airflow_hpo.comparison.reachable import pairs_needed
from airflow_hpo.comparison.remarks import barred, doubted, remarks, skewed
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
    """Say what was found and why, and then which results are missing."""
    besides: list[str] = []
    if verdict is Verdict.PROMOTE and best:
        said = _promote(best, objective, rule, evidence)
    elif verdict is Verdict.KEEP and best:
        said = _keep(best, len(results), objective, rule, evidence)
    elif verdict is Verdict.KEEP:
        first = evidence.barred[0]
        said, besides = f"Keep the champion: {barred(first, evidence, rule)}.", [first.candidate]
    else:
        said = _inconclusive(best, objective, rule, look, evidence)
    return " ".join([said, *remarks(evidence, rule, besides)])


def _promote(best: ChallengerResult, objective: Objective, rule: ComparisonRule, evidence: Evidence) -> str:
    effect = best.improvement.effect
    found, scale = effect.on(rule.scale), effect.scale(rule.scale)
    held = f"; {listed([_held(each) for each in best.guardrails])} stayed within bounds" if best.guardrails else ""
    said = (
        f"Promote {best.candidate!r}: over {_over(best.improvement, evidence)} its {objective.metric} is "
        f"{change(found.value, scale)} than the champion's, with {percent(1 - best.level)} confidence by at least "
        f"{amount(found.low, scale)}{_asked(rule)}{held}."
    )
    return f"{said} {skewed(best)}".rstrip()


def _asked(rule: ComparisonRule) -> str:
    return f", where {amount(rule.min_improvement, rule.scale)} was asked" if rule.min_improvement else ""


def _held(claim: Hypothesis) -> str:
    return f"{claim.metric} (one value in every scenario)" if claim.constant else claim.metric


def _keep(
    best: ChallengerResult, challengers: int, objective: Objective, rule: ComparisonRule, evidence: Evidence
) -> str:
    claim = best.improvement
    who = (
        f"{best.candidate!r}"
        if challengers == 1
        else f"none of {challengers} challengers qualifies; the best, {best.candidate!r},"
    )
    found, scale = claim.effect.on(rule.scale).value, claim.effect.scale(rule.scale)
    digits = digits_apart(found, rule.min_improvement, scale)
    seen = f"its {objective.metric} is {change(found, scale, digits)} over {_over(claim, evidence).rstrip(',')}"
    if claim.refuted:
        least = f"better by {amount(rule.min_improvement, rule.scale, digits)}" if rule.min_improvement else "as good"
        return f"Keep the champion: {who} was shown not to be {least} ({seen})."
    broken = [_broken(guardrail) for guardrail in best.guardrails if guardrail.refuted]
    return f"Keep the champion: {who} makes {listed(broken)} ({seen})."


def _broken(claim: Hypothesis) -> str:
    found, scale = claim.effect.on(claim.scale).value, claim.effect.scale(claim.scale)
    digits = digits_apart(found, claim.threshold, scale)
    allowed = amount(claim.threshold, claim.scale, digits)
    return f"{claim.metric} {change(found, scale, digits)}, more than the {allowed} allowed"


def _inconclusive(
    best: ChallengerResult | None, objective: Objective, rule: ComparisonRule, look: int, evidence: Evidence
) -> str:
    said = "Inconclusive, so the champion stays: "
    if best and best.improvement.doubt:
        return said + doubted(best.candidate, best.improvement, evidence)
    said += f"{_why(best, objective, rule, evidence)}.{_more(best, evidence, rule)}"
    return (
        f"{said} More evaluations may be ordered: this was look {look} of {rule.looks}." if look < rule.looks else said
    )


def _why(best: ChallengerResult | None, objective: Objective, rule: ComparisonRule, evidence: Evidence) -> str:
    poor = [repr(name) for name in evidence.not_judged if name not in {each.candidate for each in evidence.barred}]
    if best is None and poor:
        return f"too many evaluations of {listed(poor)} are missing"
    if best is None or evidence.pairs == 0:
        return "no scenario has a result of every candidate"
    if evidence.lacks_more_than(rule.max_dropped):
        return (
            f"{len(evidence.dropped)} of {scenarios(evidence.scenarios)} lack a result, "
            f"more than {amount(rule.max_dropped, Scale.RELATIVE)}"
        )
    if evidence.repeats_more_than(rule.max_dropped):
        return f"{len(evidence.repeated)} of {scenarios(evidence.scenarios)} are no evidence of their own"
    needed = max(rule.min_pairs, pairs_needed(best.level))
    claim = best.improvement
    found, scale = claim.effect.on(rule.scale), claim.effect.scale(rule.scale)
    seen = f"{best.candidate!r} has a {objective.metric} {change(found.value, scale)} over {_over(claim, evidence).rstrip(',')}"
    if evidence.pairs < needed:
        return f"{seen}, and so few cannot show anything: {needed} are needed"
    unsure = [g for g in best.guardrails if not g.shown]
    if claim.shown and unsure:
        said = f"{seen}, but that {listed([g.metric for g in unsure])} stays within bounds was not shown"
        no_share = next((g for g in unsure if g.doubt), None)
        return f"{said}: {doubted(best.candidate, no_share, evidence).rstrip('.')}" if no_share else said
    return f"{seen}, but by chance alone it could be {between(found, scale)}{_asked(rule)}"


def _over(claim: Hypothesis, evidence: Evidence) -> str:
    """Return the number of scenarios, and what they are worth where that is less."""
    worth = claim.effective.scenarios if claim.effective else evidence.pairs
    said = scenarios(evidence.pairs)
    return said if round(worth) >= evidence.pairs else f"{said}, worth {worth:.0f} independent ones,"


def _more(best: ChallengerResult | None, evidence: Evidence, rule: ComparisonRule) -> str:
    """Say how many more scenarios of a series would be enough; nothing where that is not known, or would not help."""
    worth = best.improvement.effective if best else None
    if best is None or worth is None or not evidence.pairs or evidence.lacks_more_than(rule.max_dropped):
        return ""
    if count := more_needed((best.improvement, *best.guardrails), best.level, evidence.pairs):
        return f" About {count} more {worth.unit}s in a row would be enough to show such a difference in four cases of five."
    least = pairs_needed(best.level)
    count = math.ceil(evidence.pairs * (least / worth.scenarios - 1))
    return (
        f" About {count} more {worth.unit}s in a row would be worth the {least} that can show anything."
        if count > 0
        else ""
    )


def between(found: Estimate, scale: Scale) -> str:
    """Say what an effect could be by chance alone."""
    ends = [change(end, scale) for end in (found.low, found.high) if math.isfinite(end)]
    if not ends:
        return "anything"
    return f"anything from {ends[0]} to {ends[1]}" if len(ends) == 2 else f"anything beside {ends[0]}"
