"""The first champion: challengers while nothing is in use yet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from airflow_hpo.comparison.compare import decided_on
from airflow_hpo.comparison.decision import ChallengerResult, Decision, Effect, Estimate, Evidence, Hypothesis, Verdict
from airflow_hpo.comparison.estimation import method
from airflow_hpo.comparison.number_format import scenarios
from airflow_hpo.comparison.pairs import Pairs, checked, pair
from airflow_hpo.comparison.remarks import ASK, remarks
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.objective import Direction, Objective

if TYPE_CHECKING:
    import pandas as pd

_UNKNOWN = Effect(Estimate(math.nan, -math.inf, math.inf, math.nan), None)


def first_champion(frame: pd.DataFrame, objective: Objective, rule: ComparisonRule, *, look: int = 1) -> Decision:
    """Decide who is promoted while nothing is in use: the best by its mean, whatever the size of the evidence.

    No champion can be made worse: no test is made, and guardrails, which bound the loss against the champion, do not apply.
    """
    evaluations = checked(frame, [objective.metric], None)
    pairs = pair(decided_on(evaluations, rule.variant), None, rule.max_dropped, rule.max_failed)
    names = sorted(set(evaluations["candidate"]))
    means = {name: _mean(pairs, name, objective) for name in names}
    enough = pairs.evidence.pairs > 0 and not pairs.evidence.lacks_more_than(rule.max_dropped)
    best = _best(means, objective, pairs.evidence) if enough else None
    verdict = Verdict.PROMOTE if best else Verdict.INCONCLUSIVE
    return Decision(
        verdict=verdict,
        sentence=" ".join([_sentence(best, means, objective, pairs), *remarks(pairs.evidence, rule)]),
        champion=None,
        challenger=best,
        objective=objective,
        rule=rule,
        look=look,
        next_look=None if best or look >= rule.looks else look + 1,
        evidence=pairs.evidence,
        challengers=tuple(_result(name, mean, objective, rule, pairs.evidence, best) for name, mean in means.items()),
        variants=(),
    )


def _mean(pairs: Pairs, name: str, objective: Objective) -> float:
    return float(pairs.of(name)[objective.metric].mean())


def _best(means: dict[str, float], objective: Objective, evidence: Evidence) -> str | None:
    """Return the best of those that failed least by their own program."""
    sign = 1.0 if objective.direction is Direction.MINIMIZE else -1.0
    failures = {each.candidate: len(each.scenarios) for each in evidence.failed}
    known = {name: mean for name, mean in means.items() if math.isfinite(mean)}
    return min(known, key=lambda name: (failures.get(name, 0), sign * known[name]), default=None)


def _result(
    name: str, mean: float, objective: Objective, rule: ComparisonRule, evidence: Evidence, best: str | None
) -> ChallengerResult:
    claim = Hypothesis(
        objective.metric, rule.scale, rule.min_improvement, math.nan, mean, _UNKNOWN, 1.0, 1.0, False, False
    )
    verdict = Verdict.PROMOTE if name == best else Verdict.INCONCLUSIVE
    judged = name not in evidence.not_judged
    return ChallengerResult(name, verdict, claim, (), 1.0, math.nan, method(evidence.pairs), judged)


def _sentence(best: str | None, means: dict[str, float], objective: Objective, pairs: Pairs) -> str:
    if best is None:
        return "Inconclusive: nothing is in use yet, and too few scenarios have a result of every challenger."
    place = f", the best of {len(means)} challengers" if len(means) > 1 else ""
    said = (
        f"Promote {best!r}: nothing is in use yet, so there is nothing to compare it with; over "
        f"{scenarios(pairs.evidence.pairs)} its {objective.metric} is {means[best]:.5g}{place}."
    )
    values = pairs.of(best)[objective.metric]
    return f"{said} It is the same in every scenario: {ASK}" if len(values) > 1 and values.nunique() == 1 else said
