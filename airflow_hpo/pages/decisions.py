"""Parts of a decision as it was written down, whichever release wrote it: what it did not keep is left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_hpo.comparison.decision import Dropped, Evidence, Failed
from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.comparison.error_sentence import told_charge
from airflow_hpo.comparison.number_format import amount
from airflow_hpo.comparison.remarks import remarks
from airflow_hpo.comparison.rule import ComparisonRule, Scale
from airflow_hpo.pages.models.comparisons import (
    CandidateFound,
    EffectFound,
    ErrorSpent,
    GuardrailFound,
    VariantMeans,
)

Data = Mapping[str, Any]
_DROPPED = {"scenario": "", "missing_for": (), "cause": ""}


def rule_of(decision: Data) -> ComparisonRule | None:
    """Return the rule of a decision; None where it was not kept."""
    return ComparisonRule.from_dict(dict(decision["rule"])) if decision.get("rule") else None


def result_of(decision: Data) -> Data | None:
    """Return what was found of the challenger that is promoted, or else of the first of them; None without any."""
    results: Sequence[Data] = decision.get("challengers") or ()
    return next(
        (each for each in results if each["candidate"] == decision.get("challenger")), next(iter(results), None)
    )


def effect_of(claim: Data, scale: Scale) -> EffectFound | None:
    """Return the effect of a claim on the scale that was asked for, or on the absolute one where it has no share."""
    effect = claim.get("effect")
    if not effect:
        return None
    relative = effect.get("relative") if scale is Scale.RELATIVE else None
    told = relative or effect["absolute"]
    return EffectFound(
        estimate=told["value"],
        low=told["low"],
        high=told["high"],
        scale=(Scale.RELATIVE if relative else Scale.ABSOLUTE).value,
        unit=None,
        confidence=told.get("confidence"),
    )


def error_of(decision: Data, rule: ComparisonRule | None) -> ErrorSpent:
    """Return what a decision took of the error budget; the budget is the most that can be there at once."""
    charge = decision.get("charge") or {}
    # A decision from before there was a budget has the rule's default, which it was not held to.
    budget = rule.error.saved(rule.alpha) if charge and rule and isinstance(rule.error, ErrorBudget) else None
    return ErrorSpent(
        budget=budget, charged=charge.get("charged"), left=charge.get("left"), sentence=told_charge(decision)
    )


def guardrails_of(result: Data, rule: ComparisonRule) -> list[GuardrailFound]:
    """Return what was found of the guardrails of one challenger."""
    return [_guardrail(claim, rule) for claim in result.get("guardrails") or () if claim["metric"] in rule.guardrails]


def _guardrail(claim: Data, rule: ComparisonRule) -> GuardrailFound:
    declared, found = rule.guardrails[claim["metric"]], effect_of(claim, Scale(claim["scale"]))
    kept = True if claim["shown"] else False if claim["refuted"] else None
    return GuardrailFound(
        metric=claim["metric"],
        direction=declared.direction.value,
        scale=found.scale if found else claim["scale"],
        margin=declared.margin,
        champion=claim.get("champion"),
        challenger=claim.get("challenger"),
        estimate=found.estimate if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        p_value=claim.get("p_value"),
        kept=kept,
        sentence=_kept_sentence(claim["metric"], declared.margin, declared.scale, kept, bool(claim.get("constant"))),
    )


def _kept_sentence(metric: str, margin: float, scale: Scale, kept: bool | None, constant: bool) -> str:
    most = amount(margin, scale)
    if kept:
        seen = "it has one value in every scenario" if constant else "that was shown"
        return f"{metric} may get worse by {most} at most, and does not: {seen}."
    if kept is False:
        return f"{metric} may get worse by {most} at most, and gets worse by more."
    return f"{metric} may get worse by {most} at most, and that it does not was not shown."


def variants_of(decision: Data, rule: ComparisonRule | None) -> list[VariantMeans]:
    """Return the means of champion and challenger under each variant."""
    scale, challenger = rule.scale if rule else Scale.ABSOLUTE, (result_of(decision) or {}).get("candidate")
    found: dict[str, dict[str, Any]] = {}
    for each in decision.get("variants") or ():
        row = found.setdefault(each["variant"], {})
        if each["candidate"] == decision.get("champion"):
            row["champion"] = each["mean"]
        elif each["candidate"] == challenger:
            effect = effect_of(each, scale)
            told = effect.model_dump(include={"estimate", "low", "high"}) if effect else {}
            row |= {"challenger": each["mean"], **told}
    every = ("champion", "challenger", "estimate", "low", "high")
    return [VariantMeans(variant=name, **{key: row.get(key) for key in every}) for name, row in found.items()]


def finalists_of(selection: Data | None) -> list[CandidateFound]:
    """Return the finalists of all tuning windows, measured again."""
    chosen = (selection or {}).get("windows", {"": selection} if selection else {})
    return [
        CandidateFound(
            label=each["candidate"],
            validated=each.get("mean"),
            tuned=each.get("observed"),
            inflation=(each.get("inflation") or {}).get("value"),
        )
        for found in chosen.values()
        for each in found.get("finalists") or ()
    ]


def remarks_of(decision: Data, rule: ComparisonRule | None) -> list[str]:
    """Return what is to be said of results that are missing or repeated, and whether the confidence is doubted."""
    evidence = evidence_of(decision)
    return remarks(evidence, rule) if evidence and rule else []


def evidence_of(decision: Data) -> Evidence | None:
    """Return what a comparison could use; None where it was not kept."""
    kept = decision.get("evidence")
    if not kept:
        return None
    return Evidence(
        pairs=kept.get("pairs") or 0,
        replicates=kept.get("replicates") or 0,
        evaluations_dropped=kept.get("evaluations_dropped") or 0,
        dropped=tuple(_dropped(each) for each in kept.get("dropped") or ()),
        not_judged=tuple(kept.get("not_judged") or ()),
        failed=tuple(
            Failed(each["candidate"], tuple(each["scenarios"]), each["barred"]) for each in kept.get("failed") or ()
        ),
        repeated=tuple(kept.get("repeated") or ()),
        seed_ignored=bool(kept.get("seed_ignored")),
    )


def _dropped(kept: Data) -> Dropped:
    told = {**_DROPPED, **{name: kept[name] for name in _DROPPED if name in kept}}
    return Dropped(told["scenario"], tuple(told["missing_for"]), told["cause"])
