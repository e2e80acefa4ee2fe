"""Remarks of a decision besides its numbers: which results are missing and why, and what is no evidence."""

from collections.abc import Sequence

from airflow_hpo.comparison.decision import ChallengerResult, Doubt, Effective, Evidence, Failed, Hypothesis
from airflow_hpo.comparison.number_format import listed, scenarios
from airflow_hpo.comparison.rule import ComparisonRule

ASK = "does the program use its scenario and its seed?"
_LEFT_OUT = {
    "champion": "the champion's own program failed there",
    "infrastructure": "the infrastructure failed there",
    "taken_back": "a result there was taken back",
    "": "no evaluation there is shared by all",
}
_RECURRING = {"weekday": "weekdays", "time of day": "times of day"}
_NAMED = 3
"""Most scenarios that a sentence names."""
_SKEWED = -1.0
"""Skewness of the differences below which a confidence is doubted; of 8 normal ones it is lower in one case of thirty."""


def doubted(candidate: str, claim: Hypothesis, evidence: Evidence) -> str:
    """Say why a challenger's values are no evidence, and ask for the reason."""
    every, metric, name = f"in each of {scenarios(evidence.pairs)}", claim.metric, repr(candidate)
    if claim.doubt is Doubt.NO_SHARE:
        return (
            f"the champion's {metric} has both signs, so that no share of it can be told. "
            f"Declare scale='absolute' with a limit in the metric's own unit."
        )
    if claim.doubt is Doubt.SAME_VALUES:
        return f"{name} has exactly the champion's {metric} {every}: {ASK} Do its parameters reach the program?"
    if claim.doubt is Doubt.SAME_DIFFERENCE:
        return f"the {metric} of {name} differs from the champion's by the same {every}, which was measured once: {ASK}"
    champions = claim.doubt is Doubt.CHAMPION_CONSTANT
    who, value = ("the champion", claim.champion) if champions else (name, claim.challenger)
    return (
        f"{who} has the same {metric}, {value:.4g}, {every}, which is one measurement: {ASK} "
        "Or has the metric reached its limit?"
    )


def barred(failed: Failed, evidence: Evidence, rule: ComparisonRule) -> str:
    """Say that a challenger's own program failed more often than the rule allows."""
    allowed = f"more than max_failed={rule.max_failed:g} allows" if rule.max_failed else "and none may fail"
    return f"{_own(failed, evidence)}, {allowed} (clear those evaluations and what follows to run them again)"


def remarks(evidence: Evidence, rule: ComparisonRule, besides: Sequence[str] = ()) -> list[str]:
    """Return sentences about results that are missing or repeated; ``besides`` are challengers of whom it was said before."""
    found = [f"T{_own(each, evidence)[1:]}, a loss each." for each in evidence.failed if not each.barred]
    found += [
        f"{each.candidate!r} is not promoted: {barred(each, evidence, rule)}."
        for each in evidence.barred
        if each.candidate not in besides
    ]
    for cause, said in _LEFT_OUT.items():
        names = [each.scenario for each in evidence.dropped if each.cause == cause]
        if names:
            found.append(f"Left out for all: {_share(names, evidence)}, because {said}.")
    if evidence.repeated:
        found.append(f"{_share(evidence.repeated, evidence)} repeat the values of another one and count once: {ASK}")
    if evidence.seed_ignored:
        found.append(
            "All replicates of a scenario gave the same value, so more of them are no evidence: add scenarios."
        )
    return found


def worth(pairs: int, found: Effective | None) -> str:
    """Say how many independent scenarios those of a series are worth, and why; only their number where that is as many."""
    if found is None:
        return scenarios(pairs)
    why = f"consecutive ones correlate by {found.correlation:.2f}"
    without = f", differences between {_RECURRING[found.removed]} apart" if found.removed else ""
    if round(found.scenarios) >= pairs:
        return f"{scenarios(pairs)} in a row{without}"
    return f"{scenarios(pairs)} in a row, worth {found.scenarios:.0f} independent ones because {why}{without}"


def skewed(result: ChallengerResult) -> str:
    """Say that the confidence may be less than stated; empty when the data do not show it."""
    rare = [claim.metric for claim in (result.improvement, *result.guardrails) if claim.skewness < _SKEWED]
    if not rare:
        return ""
    return (
        f"The confidence may be less than stated, because {listed(rare)} won a little in most scenarios and lost much in few: "
        "look at the losses, or add scenarios."
    )


def _own(failed: Failed, evidence: Evidence) -> str:
    return f"the program of {failed.candidate!r} failed in {_share(failed.scenarios, evidence)}"


def _share(names: Sequence[str], evidence: Evidence) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} of {scenarios(evidence.scenarios)} ({', '.join(names[:_NAMED])}{more})"
