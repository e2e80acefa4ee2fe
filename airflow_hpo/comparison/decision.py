"""Decision of a comparison, with every number behind it, for people, reports and tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from airflow_hpo.comparison.rule import ComparisonRule, Scale
from airflow_hpo.core.objective import Objective


class Verdict(StrEnum):
    """What to do with the champion."""

    PROMOTE = "promote"
    """A challenger was shown to be better by the minimum improvement, and every guardrail to hold."""
    KEEP = "keep"
    """Every challenger was shown not to be better by the minimum improvement, or to break a guardrail."""
    INCONCLUSIVE = "inconclusive"
    """Neither was shown: the champion stays, for lack of evidence."""


class Method(StrEnum):
    """The test behind a p-value."""

    SIGN_FLIP = "sign_flip"
    STUDENT = "student"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with the interval that the data leave for it."""

    value: float
    """NaN without any pair."""
    low: float
    """Minus infinity when the pairs are too few for a bound."""
    high: float
    """Infinity when the pairs are too few for a bound."""
    confidence: float
    """Probability, before the data are seen, that both bounds are right; each alone errs half as often as both."""


@dataclass(frozen=True, slots=True)
class Effect:
    """By how much a challenger is better than the champion; negative when it is worse."""

    absolute: Estimate
    """In the metric's own unit."""
    relative: Estimate | None
    """As a share of the champion's mean; None when the champion's values are zero or of both signs."""

    def on(self, scale: Scale) -> Estimate:
        """Return the effect on one scale."""
        return self.relative if scale is Scale.RELATIVE and self.relative else self.absolute


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One thing that a promotion needs to be shown: the improvement, or that a guardrail holds."""

    metric: str
    scale: Scale
    threshold: float
    """The effect to exceed: the minimum improvement, or minus the margin of a guardrail."""
    champion: float
    """The champion's mean over the pairs."""
    challenger: float
    """The challenger's mean over the pairs."""
    effect: Effect
    p_value: float
    """Probability of such data, or data more in favour, if the effect only equalled the threshold."""
    p_contrary: float
    """The same for data against the claim: small when the effect is below the threshold."""
    shown: bool
    """Whether the claim was shown at the level of its challenger."""
    refuted: bool
    """Whether the contrary was shown."""


@dataclass(frozen=True, slots=True)
class ChallengerResult:
    """How one challenger did."""

    candidate: str
    verdict: Verdict
    improvement: Hypothesis
    guardrails: tuple[Hypothesis, ...]
    p_value: float
    """The largest of its claims': all of them must be shown (Berger, 1982)."""
    level: float
    """What the p-value must not exceed, after correcting for other challengers and looks."""
    method: Method
    judged: bool = True
    """False when too many of its evaluations are missing."""
    differences: Mapping[str, float] = field(default_factory=dict)
    """By how much it was better in each scenario, on the metric that decides and in its own unit."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A scenario that was left out for all because it is missing for some."""

    scenario: str
    missing_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the comparison could use."""

    pairs: int
    """Scenarios with a value of every judged candidate."""
    replicates: int
    """Fewest replicates of any of them and its variants; 0 without pairs."""
    evaluations_dropped: int
    """Evaluations left out because their counterparts are missing, those of dropped scenarios included."""
    dropped: tuple[Dropped, ...]
    not_judged: tuple[str, ...]
    """Challengers that alone lack more scenarios than the rule allows."""

    @property
    def share_dropped(self) -> float:
        """Share of the scenarios that were left out."""
        total = self.pairs + len(self.dropped)
        return len(self.dropped) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One candidate under one variant."""

    variant: str
    candidate: str
    mean: float
    effect: Effect | None
    """Against the champion under the same variant, each variant by itself; None for the champion."""
    pairs: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of a comparison."""

    verdict: Verdict
    sentence: str
    """What was found and why, for people who decide."""
    champion: str | None
    """Name of the candidate that production uses; None while nothing is in use."""
    challenger: str | None
    """Who is promoted; otherwise the best of those judged, None when there is none."""
    objective: Objective
    rule: ComparisonRule
    look: int
    """Which look this was, counted from 1."""
    next_look: int | None
    """The look that may follow after more evaluations; None when the comparison is over."""
    evidence: Evidence
    challengers: tuple[ChallengerResult, ...]
    variants: tuple[VariantResult, ...]
    """Champion and challengers under each variant; empty without variants."""
