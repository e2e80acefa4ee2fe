"""Decision of a comparison, with every number behind it, for people, reports and tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from airflow_hpo.comparison.allowance import Charge
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
    SERIAL = "serial"


class Doubt(StrEnum):
    """Why values say nothing, however many there are."""

    CHAMPION_CONSTANT = "champion_constant"
    """The champion has one value in every scenario."""
    CHALLENGER_CONSTANT = "challenger_constant"
    """The challenger has one value in every scenario, and the champion has not."""
    SAME_VALUES = "same_values"
    """The challenger has the champion's value in every scenario."""
    SAME_DIFFERENCE = "same_difference"
    """It differs from the champion by one amount, or by one share, in every scenario."""
    NO_SHARE = "no_share"
    """A relative effect is asked for, and the champion's values have both signs."""


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
    """As a share of the champion's mean; None when the champion's values are all zero or of both signs."""

    def on(self, scale: Scale) -> Estimate:
        """Return the effect on one scale, or on the absolute one where it has no share."""
        return self.relative if scale is Scale.RELATIVE and self.relative else self.absolute

    def scale(self, wanted: Scale) -> Scale:
        """Return the scale of what :meth:`on` returns."""
        return Scale.RELATIVE if wanted is Scale.RELATIVE and self.relative else Scale.ABSOLUTE


@dataclass(frozen=True, slots=True)
class Effective:
    """How many independent scenarios those of a series are worth, for one metric."""

    scenarios: float
    correlation: float
    """Of the differences in neighbouring scenarios, as far as it is above 0."""
    unit: str = "scenario"
    """What one scenario is called."""
    removed: str = ""
    """What recurs and was taken out of the noise: the ``weekday``, the ``time of day``; empty for nothing."""


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
    doubt: Doubt | None = None
    """Why its values are no evidence; None when they may be."""
    constant: bool = False
    """Whether both candidates have one value each in every scenario, as the size of a model has."""
    skewness: float = 0.0
    """Of the paired differences, below 0 for few large losses; 0 where no scenario lies below the threshold."""
    effective: Effective | None = None
    """What the scenarios are worth; None where they count as independent, as in all comparisons of earlier releases."""


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
    """False when too many of its evaluations are missing, or its own program failed more often than the rule allows."""
    differences: Mapping[str, float] = field(default_factory=dict)
    """By how much it was better in each scenario, on the metric that decides and in its own unit."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A scenario that was left out for all because it is missing for some."""

    scenario: str
    missing_for: tuple[str, ...]
    cause: str = ""
    """Why: the ``champion``'s own program failed, the ``infrastructure`` did, or a result was ``taken_back``."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A challenger with an own program that failed where the champion's did not."""

    candidate: str
    scenarios: tuple[str, ...]
    barred: bool
    """Whether that is more than the rule allows; each counts as the largest loss otherwise."""


def more_than(count: int, share: float, total: int) -> bool:
    """Say whether a number of things is above a share of all; 29 of 100 is not above 0.29, whatever floats make of it."""
    return count > share * total + 1e-9


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
    """Challengers that alone lack more scenarios than the rule allows, for whatever reason."""
    failed: tuple[Failed, ...] = ()
    repeated: tuple[str, ...] = ()
    """Scenarios with the very values of another one, which count once; not in ``pairs``."""
    seed_ignored: bool = False
    """Whether all replicates of an evaluation gave one value, wherever there are several."""

    @property
    def scenarios(self) -> int:
        """How many scenarios were evaluated."""
        return self.pairs + len(self.repeated) + len(self.dropped)

    def lacks_more_than(self, share: float) -> bool:
        """Say whether more of the scenarios were left out because a result is missing."""
        return more_than(len(self.dropped), share, self.scenarios)

    def repeats_more_than(self, share: float) -> bool:
        """Say whether more of the scenarios have the very values of another one."""
        return more_than(len(self.repeated), share, self.scenarios)

    @property
    def barred(self) -> tuple[Failed, ...]:
        """Challengers with an own program that failed more often than the rule allows."""
        return tuple(each for each in self.failed if each.barred)


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
class WindowResult:
    """The best challenger of one tuning window."""

    window: str
    candidate: str
    mean: float
    """Over the scenarios that all candidates have; NaN where too many of its evaluations are missing."""
    ahead: Effect | None
    """By how much the best window is better than this one; None of the best, and without values."""
    behind: bool = False
    """Whether that is more than chance."""


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
    charge: Charge | None = None
    """What it was charged of the error budget; None where nothing was tested, and in comparisons of earlier releases."""
