"""Number of further scenarios that would show what was not shown."""

import math
from collections.abc import Sequence

from airflow_hpo.comparison.decision import Hypothesis

_POWER = 0.8
_MOST = 10
"""As many times the scenarios that there are is the most that is worth saying."""


def more_needed(claims: Sequence[Hypothesis], level: float, pairs: int) -> int | None:
    """Return how many more scenarios show claims in four cases of five, if effects and resemblance stay what they are.

    None where effects as they are show nothing, or not with ten times as many.
    """
    needed = [_needed(claim, level, pairs) for claim in claims if not claim.shown]
    if not needed or any(each is None for each in needed):
        return None
    return max(each for each in needed if each is not None) - pairs


def _needed(claim: Hypothesis, level: float, pairs: int) -> int | None:
    from scipy.special import stdtrit

    worth = claim.effective.scenarios if claim.effective else float(pairs)
    if not 0 < claim.p_value < 0.5:
        return None
    # The statistic grows as the root of what the scenarios are worth.
    standardised = -stdtrit(worth - 1, claim.p_value) / math.sqrt(worth)
    for count in range(pairs + 1, _MOST * pairs + 1):
        degrees = worth * count / pairs - 1
        if standardised * math.sqrt(degrees + 1) >= stdtrit(degrees, 1 - level) + stdtrit(degrees, _POWER):
            return count
    return None
