"""A decision as a page for people (Markdown) and as data (JSON)."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from typing import Any

from airflow_hpo.comparison.decision import (
    ChallengerResult,
    Decision,
    Effect,
    Estimate,
    Hypothesis,
    Method,
    VariantResult,
    Verdict,
    WindowResult,
)
from airflow_hpo.comparison.error_sentence import charge_sentences, share
from airflow_hpo.comparison.finalists import Reevaluated, Selection
from airflow_hpo.comparison.number_format import amount, percent
from airflow_hpo.comparison.plot import plot
from airflow_hpo.comparison.reachable import EXACT_PAIRS
from airflow_hpo.comparison.remarks import doubted, skewed, worth
from airflow_hpo.comparison.rule import Scale
from airflow_hpo.core.declared import Declared
from airflow_hpo.core.environment import as_text
from airflow_hpo.core.evaluation import CHAMPION, Candidate
from airflow_hpo.core.window import Period

WINDOWS = "windows"
"""Key of the selections of several tuning windows."""
_NEW = ("effective", "charge")
_METHODS = {
    Method.SIGN_FLIP: "exact sign-flip test over all {flips} sign changes of the paired differences, where losses and wins "
    "of one size are equally likely",
    Method.STUDENT: "Student's t of the paired differences, corrected for skewness (Hall, 1992)",
    Method.SERIAL: "Student's t of the paired differences, corrected for skewness (Hall, 1992), with as many scenarios as those in "
    "a row are worth (Bayley and Hammersley, 1946){exact}",
}


def as_data(found: Decision | Selection) -> dict[str, Any]:
    """Return every number of a decision or selection as JSON-able data; what is not finite is None."""
    data: dict[str, Any] = _plain(found)
    return data


def selection_of(data: Mapping[str, Any]) -> Selection:
    """Return the selection that :func:`as_data` wrote down."""
    finalists = [
        Reevaluated(each["candidate"], each["observed"], _or(each["mean"], math.nan), _estimate_of(each["inflation"]))
        for each in data["finalists"]
    ]
    return Selection(data["best"], data["winner"], tuple(finalists), data["adjusted"], data["pairs"])


def selections_of(data: Mapping[str, Any] | None) -> dict[str, Selection]:
    """Return the selections that :func:`selections_as_data` wrote down, by window."""
    if not data:
        return {}
    return {window: selection_of(each) for window, each in data.get(WINDOWS, {"": data}).items()}


def selections_as_data(found: Mapping[str, Selection]) -> dict[str, Any]:
    """Return selections by window as JSON-able data; the one without the name of a window as it is."""
    return (
        as_data(found[""]) if set(found) == {""} else {WINDOWS: {name: as_data(each) for name, each in found.items()}}
    )


def markdown(
    decision: Decision,
    selections: Selection | Mapping[str, Selection] | None = None,
    candidates: Sequence[Candidate] = (),
    windows: Sequence[WindowResult] = (),
    period: Period | None = None,
) -> str:
    """Return the report of a decision, what matters most first.

    Selections are by the name of their tuning window; ``period`` is what the scenarios of the test reach over.
    """
    chosen = {"": selections} if isinstance(selections, Selection) else selections or {}
    parts = [
        f"## {decision.verdict.value.capitalize()}",
        decision.sentence,
        _parameters(candidates),
        _changed(candidates),
        _drawing(decision),
        _challengers(decision) if decision.champion else _first(decision),
        _guardrails(decision),
        _variants(decision),
        _windows(windows, decision),
        *(_selection(each, window) for window, each in chosen.items()),
        _evidence(decision, period),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Declared):
        return value.to_dict()
    if dataclasses.is_dataclass(value):
        found = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        # What is new in a release is left out where it says nothing, so that it is the same decision as before.
        return {name: _plain(item) for name, item in found.items() if name not in _NEW or item is not None}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _estimate_of(data: Mapping[str, Any]) -> Estimate:
    value, low, high = _or(data["value"], math.nan), _or(data["low"], -math.inf), _or(data["high"], math.inf)
    return Estimate(value, low, high, data["confidence"])


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _parameters(candidates: Sequence[Candidate]) -> str:
    """Return every parameter of every candidate, those that differ in bold."""
    ordered = sorted(candidates, key=lambda each: each.role != CHAMPION)
    names = list(dict.fromkeys(name for each in ordered for name in each.params))
    rows = []
    for name in names:
        texts = [as_text(each.params[name]) if name in each.params else "-" for each in ordered]
        rows.append([name, *(f"**{text}**" if len(set(texts)) > 1 and text else text for text in texts)])
    return _table(["parameter", *(_heading(each) for each in ordered)], rows) if rows else ""


def _changed(candidates: Sequence[Candidate]) -> str:
    """Say in what a champion that is older than the space differs from what was compared."""
    said = []
    for each in candidates:
        if each.added:
            lacked = ", ".join(f"{name}={as_text(value)}" for name, value in each.added.items())
            said.append(
                f"{_heading(each).capitalize()} has no value of its own for {lacked}, which is declared in `space_defaults`."
            )
        if each.left_out:
            lost = ", ".join(f"{name}={as_text(value)}" for name, value in each.left_out.items())
            said.append(f"{_heading(each).capitalize()} was compared without {lost}, which the space does not have.")
    return "\n".join(said)


def _heading(candidate: Candidate) -> str:
    return f"{candidate.name} (version {candidate.version})" if candidate.version else candidate.name


def _drawing(decision: Decision) -> str:
    drawn = plot(decision)
    return f"```text\n{drawn}\n```" if drawn else ""


def _first(decision: Decision) -> str:
    """Return the means of the challengers: there is no champion to compare them with."""
    rows = [[result.candidate, _number(result.improvement.challenger)] for result in decision.challengers]
    return _table(["candidate", f"{decision.objective.metric} ({decision.objective.direction.value})"], rows)


def _challengers(decision: Decision) -> str:
    metric, direction = decision.objective.metric, decision.objective.direction.value
    header = ["candidate", f"{metric} ({direction})", "better by", "relative", "interval", "p", "needed", "verdict"]
    return _table(header, [_champion_row(decision), *(_challenger_row(r, decision) for r in decision.challengers)])


def _champion_row(decision: Decision) -> list[str]:
    means = [r.improvement.champion for r in decision.challengers if r.judged]
    name = CHAMPION if decision.champion == CHAMPION else f"{decision.champion} (champion)"
    return [name, _number(means[0] if means else math.nan), *[""] * 6]


def _challenger_row(result: ChallengerResult, decision: Decision) -> list[str]:
    claim = result.improvement
    # At the margin both would look alike, whatever the verdict.
    digits = next((n for n in range(2, 8) if f"{result.p_value:.{n}g}" != f"{result.level:.{n}g}"), 2)
    return [
        result.candidate,
        _number(claim.challenger),
        *_effect(claim.effect, decision.rule.scale),
        f"{result.p_value:.{digits}g}",
        f"≤ {result.level:.{digits}g}",
        result.verdict.value if result.judged else "failed" if result.verdict is Verdict.KEEP else "not judged",
    ]


def _effect(effect: Effect, scale: Scale) -> list[str]:
    relative = _share(effect.relative.value) if effect.relative else "-"
    return [_number(effect.absolute.value), relative, _interval(effect.on(scale), effect.scale(scale))]


def _guardrails(decision: Decision) -> str:
    rows = [_guardrail(result.candidate, claim) for result in decision.challengers for claim in result.guardrails]
    header = ["guardrail", "candidate", "mean", "champion", "better by", "interval", "may lose", "p", "holds"]
    return _table(header, rows) if rows else ""


def _guardrail(candidate: str, claim: Hypothesis) -> list[str]:
    effect, scale = claim.effect.on(claim.scale), claim.effect.scale(claim.scale)
    shown = _share if scale is Scale.RELATIVE else _number
    return [
        claim.metric,
        candidate,
        _number(claim.challenger),
        _number(claim.champion),
        shown(effect.value),
        _interval(effect, scale),
        amount(claim.threshold, claim.scale),
        f"{claim.p_value:.2g}",
        _holds(claim),
    ]


def _holds(claim: Hypothesis) -> str:
    if claim.shown:
        return "yes, one value in every scenario" if claim.constant else "yes"
    return "broken" if claim.refuted else "not shown"


def _variants(decision: Decision) -> str:
    rows = [_variant(result, decision) for result in decision.variants]
    header = ["variant", "candidate", decision.objective.metric, "better by", "relative", "interval", "pairs"]
    return _table(header, rows) if rows else ""


def _variant(result: VariantResult, decision: Decision) -> list[str]:
    effect = _effect(result.effect, decision.rule.scale) if result.effect else [""] * 3
    return [result.variant, result.candidate, _number(result.mean), *effect, str(result.pairs)]


def _windows(found: Sequence[WindowResult], decision: Decision) -> str:
    rows = []
    for each in found:
        behind = _effect(each.ahead, decision.rule.scale) if each.ahead else [""] * 3
        shown = "yes" if each.behind else "not shown" if each.ahead else ""
        rows.append([each.window, each.candidate, _number(each.mean), *behind, shown])
    header = ["tuning window", "best challenger", decision.objective.metric]
    header += ["best window better by", "relative", "interval", "more than chance"]
    return _table(header, rows) if rows else ""


def _selection(selection: Selection, window: str) -> str:
    header = ["finalist", "by the study", "measured again", "too good by", "interval"]
    rows = [
        [r.candidate, _number(r.observed), _number(r.mean), _number(r.inflation.value), _interval(r.inflation)]
        for r in selection.finalists
    ]
    how = ", the champion's own change taken off" if selection.adjusted else ""
    of = f"Tuning window {window}. " if window else ""
    text = (
        f"{of}The study's winner was {selection.winner!r}; measured again (scenarios: {selection.pairs}), the best is "
        f"{selection.best!r}. The winner's value was too good by {_number(selection.inflation.value)}{how}."
    )
    return f"{text}\n\n{_table(header, rows)}"


def _evidence(decision: Decision, period: Period | None) -> str:
    evidence, rule = decision.evidence, decision.rule
    judged = next((r for r in decision.challengers if r.judged), None)
    lines = [
        f"Scenarios: {evidence.pairs}{_dates(period)}, each with {_replicates(evidence.replicates)}; look {decision.look} of {rule.looks}.",
        *_worth(decision),
        *([_tested(decision, judged)] if judged and decision.champion else []),
        *([charge_sentences(rule, decision.charge)] if decision.charge else []),
        *_missing(decision),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _dates(period: Period | None) -> str:
    """Return what the scenarios reach over; days where they begin and end at midnight."""
    if period is None:
        return ""
    spec = "%Y-%m-%d" if {period.start.time(), period.end.time()} == {time()} else "%Y-%m-%d %H:%M"
    return f" from {period.start:{spec}} up to {period.end:{spec}}"


def _worth(decision: Decision) -> list[str]:
    """Return what scenarios in a row are worth, for each metric of each challenger."""
    return [
        f"{result.candidate}, {claim.metric}: {worth(decision.evidence.pairs, claim.effective)}."
        for result in decision.challengers
        for claim in (result.improvement, *result.guardrails)
        if claim.effective and result.judged
    ]


def _replicates(count: int) -> str:
    return "one replicate" if count == 1 else f"{count} replicates or more"


def _tested(decision: Decision, judged: ChallengerResult) -> str:
    rule, charge = decision.rule, decision.charge
    return (
        f"Test: {_METHODS[judged.method].format(flips=2**decision.evidence.pairs, exact=_exact(decision))}.\n"
        f"- Allowed error: {share(charge.level if charge else rule.alpha)}, one-sided, for all challengers ({len(decision.challengers)}; Holm, 1979) "
        f"and looks ({rule.looks}, {rule.spending.value}; Lan and DeMets, 1983) together."
    )


def _exact(decision: Decision) -> str:
    return ", and no smaller than sign flips give" if decision.evidence.pairs <= EXACT_PAIRS else ""


def _missing(decision: Decision) -> list[str]:
    evidence = decision.evidence
    lines = [f"Left out for all: {d.scenario} (missing for {', '.join(d.missing_for)})." for d in evidence.dropped]
    if evidence.evaluations_dropped:
        lines.append(f"Evaluations not used because a counterpart is missing: {evidence.evaluations_dropped}.")
    failed = [each.candidate for each in evidence.barred]
    if poor := [name for name in evidence.not_judged if name not in failed]:
        lines.append(f"Not judged, too much is missing: {', '.join(poor)}.")
    lines += [
        f"Failed by its own program: {each.candidate} in {', '.join(each.scenarios)}." for each in evidence.failed
    ]
    if evidence.repeated:
        lines.append(f"Repeat the values of another scenario and count once: {', '.join(evidence.repeated)}.")
    if evidence.seed_ignored:
        lines.append("All replicates of a scenario gave the same value.")
    for result in decision.challengers:
        if result.judged and result.improvement.doubt:
            said = doubted(result.candidate, result.improvement, evidence)
            lines.append(f"No evidence: {said}")
        elif result.judged and (said := skewed(result)):
            lines.append(f"{result.candidate}: {said}")
    return lines


def _interval(estimate: Estimate, scale: Scale = Scale.ABSOLUTE) -> str:
    shown = _share if scale is Scale.RELATIVE else _number
    return f"{shown(estimate.low)} to {shown(estimate.high)} ({percent(estimate.confidence)})"


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.5g}" if math.isfinite(value) else "no limit"


def _share(value: float) -> str:
    return f"{value * 100:.3g} %" if math.isfinite(value) else _number(value)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
