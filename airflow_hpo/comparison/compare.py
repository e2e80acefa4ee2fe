"""Challengers against the champion: from evaluations to a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from airflow_hpo.comparison.alpha_spending import even_fractions, nominal_levels
from airflow_hpo.comparison.decision import ChallengerResult, Decision, Doubt, Evidence, Hypothesis, Verdict
from airflow_hpo.comparison.decision_sentence import sentence
from airflow_hpo.comparison.differences import Differences, differences
from airflow_hpo.comparison.estimation import method
from airflow_hpo.comparison.holm import holm, step_levels
from airflow_hpo.comparison.order import Order
from airflow_hpo.comparison.pairs import Pairs, checked, pair
from airflow_hpo.comparison.repetition import counted_once
from airflow_hpo.comparison.rule import ComparisonRule, Scale
from airflow_hpo.comparison.variants import variant_table
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import DeclarationError

if TYPE_CHECKING:
    import pandas as pd


def compare(
    frame: pd.DataFrame,
    objective: Objective,
    rule: ComparisonRule,
    *,
    champion: str = "champion",
    look: int = 1,
    fractions: Sequence[float] | None = None,
    order: Order | None = None,
    alpha: float | None = None,
) -> Decision:
    """Decide whether a challenger replaces the champion.

    The same frame, rule and look give the same decision. A later look takes all evaluations so far, not only the new ones.
    ``order`` is that of the scenarios in time, where the rule takes them for a series; None where they are independent.
    ``alpha`` is what the comparison may spend of its error budget; None for the rule's own, as if there were no others.
    """
    reached = _fractions(rule, look, fractions)
    metrics = [objective.metric, *rule.guardrails]
    if objective.metric in rule.guardrails:
        raise DeclarationError(
            f"A guardrail watches another metric than the objective, but got {objective.metric!r} as both. Drop one."
        )
    evaluations = checked(frame, metrics, champion)
    pairs = judged_pairs(evaluations, objective, rule, champion, order)
    challengers = sorted(set(evaluations["candidate"]) - {champion})
    results = _judged(pairs, challengers, champion, objective, rule, reached, rule.alpha if alpha is None else alpha)
    verdict = _verdict(results)
    best = _best(results, rule.scale, verdict)
    return Decision(
        verdict=verdict,
        sentence=sentence(verdict, best, results, objective, rule, look, pairs.evidence),
        champion=champion,
        challenger=best.candidate if best else None,
        objective=objective,
        rule=rule,
        look=look,
        next_look=look + 1 if look < rule.looks and _open(verdict, results, pairs.evidence, rule) else None,
        evidence=pairs.evidence,
        challengers=results,
        variants=variant_table(evaluations, objective, rule, champion, order),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A claim before its level is known."""

    data: Differences
    threshold: float
    scale: Scale
    doubt: Doubt | None
    p_value: float
    p_contrary: float

    def answered(self, level: float, shown: bool, refuted: bool) -> Hypothesis:
        data = self.data
        known = ~np.isnan(data.challenger)
        old, new = (
            float(values[known].mean()) if known.any() else float("nan") for values in (data.champion, data.challenger)
        )
        return Hypothesis(
            metric=data.metric,
            scale=self.scale,
            threshold=self.threshold,
            champion=old,
            challenger=new,
            effect=data.effect(level),
            p_value=self.p_value,
            p_contrary=self.p_contrary,
            shown=shown,
            refuted=refuted,
            doubt=self.doubt,
            constant=data.constant,
            skewness=data.skewness(self.threshold, self.scale),
            effective=data.effective(self.scale),
        )


def _judged(
    pairs: Pairs,
    challengers: list[str],
    champion: str,
    objective: Objective,
    rule: ComparisonRule,
    fractions: tuple[float, ...],
    alpha: float,
) -> tuple[ChallengerResult, ...]:
    asked = {name: _asked(pairs, name, champion, objective, rule) for name in challengers}
    p_values = np.array([max(claim.p_value for claim in asked[name]) for name in challengers])
    rejected, levels = holm(p_values, step_levels(alpha, len(challengers), fractions, rule.spending))
    # Keeping the champion promotes nothing, so the budget does not hold it back.
    keep_level = nominal_levels(rule.alpha, fractions, rule.spending)[-1] / (1 + len(rule.guardrails))
    enough = _enough(pairs.evidence, rule)
    results = []
    for name, p_value, shown, level in zip(challengers, p_values.tolist(), rejected.tolist(), levels.tolist()):
        claims = [
            claim.answered(level, enough and claim.p_value <= level, enough and claim.p_contrary <= keep_level)
            for claim in asked[name]
        ]
        results.append(_result(name, claims, p_value, level, shown and enough, pairs.evidence, asked[name][0].data))
    return tuple(results)


def _asked(pairs: Pairs, name: str, champion: str, objective: Objective, rule: ComparisonRule) -> list[_Asked]:
    judged = name not in pairs.evidence.not_judged
    old = pairs.of(champion) if judged else pairs.means.iloc[:0]
    new = pairs.of(name) if judged else old
    data = differences(objective.metric, objective.direction, old, new, pairs.order)
    found = data.doubt(rule.scale)
    p_values = (1.0, 1.0) if found else data.p_values(rule.min_improvement, rule.scale)
    guardrails = []
    for metric, guardrail in rule.guardrails.items():
        watched = differences(metric, guardrail.direction, old, new, pairs.order)
        threshold = -guardrail.margin
        # One value in every scenario may be a property of the parameters, such as the size of a model.
        no_share = Doubt.NO_SHARE if guardrail.scale is Scale.RELATIVE and watched.weights is None else None
        guardrails.append(
            _Asked(watched, threshold, guardrail.scale, no_share, *watched.p_values(threshold, guardrail.scale))
        )
    return [_Asked(data, rule.min_improvement, rule.scale, found, *p_values), *guardrails]


def _result(
    name: str,
    claims: list[Hypothesis],
    p_value: float,
    level: float,
    shown: bool,
    evidence: Evidence,
    data: Differences,
) -> ChallengerResult:
    verdict = Verdict.INCONCLUSIVE
    if name in {each.candidate for each in evidence.barred}:
        verdict = Verdict.KEEP
    elif claims[0].doubt:
        pass
    elif shown:
        verdict = Verdict.PROMOTE
    elif any(claim.refuted for claim in claims):
        verdict = Verdict.KEEP
    judged = name not in evidence.not_judged
    pairs = evidence.pairs if judged else 0
    by_scenario = dict(zip(data.scenarios, data.better_by.tolist()))
    return ChallengerResult(
        name,
        verdict,
        claims[0],
        tuple(claims[1:]),
        p_value,
        level,
        method(pairs, serial=claims[0].effective is not None),
        judged,
        by_scenario,
    )


def _enough(evidence: Evidence, rule: ComparisonRule) -> bool:
    incomplete = evidence.lacks_more_than(rule.max_dropped) or evidence.repeats_more_than(rule.max_dropped)
    return evidence.pairs >= rule.min_pairs and not incomplete


def _verdict(results: Sequence[ChallengerResult]) -> Verdict:
    verdicts = {result.verdict for result in results}
    if Verdict.PROMOTE in verdicts:
        return Verdict.PROMOTE
    return Verdict.KEEP if verdicts == {Verdict.KEEP} else Verdict.INCONCLUSIVE


def _open(verdict: Verdict, results: Sequence[ChallengerResult], evidence: Evidence, rule: ComparisonRule) -> bool:
    """Say whether more evaluations may show something: what is no evidence they would only repeat."""
    if verdict is not Verdict.INCONCLUSIVE or evidence.repeats_more_than(rule.max_dropped):
        return False
    return any(result.verdict is Verdict.INCONCLUSIVE and not result.improvement.doubt for result in results)


def _best(results: Sequence[ChallengerResult], scale: Scale, verdict: Verdict) -> ChallengerResult | None:
    """Return who is promoted, or else the most promising: the largest effect among those with the decisive verdict."""
    candidates = [
        r for r in results if r.verdict is verdict and r.judged and r.improvement.effect.absolute.value > -np.inf
    ]
    return max(candidates, key=lambda r: r.improvement.effect.on(scale).value, default=None)


def judged_pairs(
    evaluations: pd.DataFrame, objective: Objective, rule: ComparisonRule, champion: str | None, order: Order | None
) -> Pairs:
    """Return the pairs of the variant that a rule decides on, each counted once, in their order."""
    paired = pair(decided_on(evaluations, rule.variant), champion, rule.max_dropped, rule.max_failed)
    return counted_once(replace(paired, order=order), objective.metric)


def decided_on(evaluations: pd.DataFrame, variant: str | None) -> pd.DataFrame:
    """Return the evaluations of the variant that a rule decides on."""
    if variant is None:
        return evaluations
    known = sorted(set(evaluations["variant"]))
    if variant not in known:
        raise DeclarationError(
            f"The rule decides on the variant {variant!r}, but the evaluations have {known}."
            f"{nearest(variant, known) or ' Name one of them.'}"
        )
    return evaluations[evaluations["variant"] == variant]


def _fractions(rule: ComparisonRule, look: int, fractions: Sequence[float] | None) -> tuple[float, ...]:
    if not 1 <= look <= rule.looks:
        raise DeclarationError(
            f"The rule allows looks 1 to {rule.looks}, but got {look}. Declare more looks beforehand."
        )
    reached = even_fractions(rule.looks)[:look] if fractions is None else tuple(fractions)
    if len(reached) != look:
        raise DeclarationError(f"Each look so far has one fraction, but look {look} got {list(reached)}. Give {look}.")
    return reached
