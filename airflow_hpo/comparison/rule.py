"""Rule for replacing the champion: what must be shown, declared before anything is measured."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt

from airflow_hpo.comparison.error_budget import ErrorBudget, checked_error
from airflow_hpo.core.declared import REQUIRED, Declared
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.objective import Direction, MetricName


class Scale(StrEnum):
    """What an improvement or a margin is counted in."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"


class Spending(StrEnum):
    """How the allowed error is divided among the looks of one comparison."""

    OBRIEN_FLEMING = "obrien_fleming"
    POCOCK = "pocock"


class Dependence(StrEnum):
    """Whether one scenario tells something of the next."""

    AUTO = "auto"
    INDEPENDENT = "independent"
    SERIAL = "serial"


class Guardrail(Declared):
    """A metric that must not get worse by more than a margin.

    A promotion needs evidence that it does not (non-inferiority); a lack of evidence that it does is not enough. While tuning, trials that
    break it against the champion's own trial are infeasible: none of them is a finalist.

    Example::

        Guardrail("minimize", margin=0.02, scale="relative")  # at most 2 % more

    :param direction: ``"minimize"`` or ``"maximize"``: which values of the metric are good.
    :param margin: the largest loss that is tolerated, above 0; in the metric's own unit or, with ``scale="relative"``,
        as a share of the champion's mean (0.02 is 2 %).
    :param scale: ``"absolute"`` or ``"relative"``.
    :param in_search: whether it is also a constraint of the search of a retuning; False: only the comparison watches it.
    :raises DeclarationError: when an argument is missing or outside its range.
    """

    direction: Direction
    margin: StrictFloat = Field(gt=0)
    scale: Scale = Scale.ABSOLUTE
    # Left out while True, so that fingerprints of earlier rules hold.
    in_search: StrictBool = Field(default=True, exclude_if=bool)

    def __init__(self, direction: str = REQUIRED, margin: float = REQUIRED, **options: Any) -> None:
        super().__init__(direction=direction, margin=margin, **options)

    def constraint(self, metric: str) -> MetricConstraint:
        """Return what it is in a search."""
        margin = f"{100 * self.margin:.12g}%" if self.scale is Scale.RELATIVE else f"{self.margin:.15g}"
        if self.direction is Direction.MINIMIZE:
            return MetricConstraint(metric, at_most=f"champion + {margin}")
        return MetricConstraint(metric, at_least=f"champion - {margin}")


class ComparisonRule(Declared):
    """When a challenger replaces the champion.

    The metric and its direction are those of the objective that the comparison is given.

    Example::

        ComparisonRule(
            min_improvement=0.01,
            scale="relative",
            guardrails={"unserved": Guardrail("minimize", margin=0.05)},
            looks=3,
        )

    :param alpha: largest probability, below 0.5, with which one comparison may promote a challenger that is not better than the champion
        by ``min_improvement`` or breaks a guardrail; it covers all challengers and all looks together and is one-sided. Up to 12
        scenarios it holds where losses and wins of one size are equally likely; with more it holds roughly for any shape, but
        not for large losses so rare that hardly one was seen. The sentence says so when the data show it.
    :param min_improvement: by how much a challenger must be shown to be better, 0 or more; in the metric's own unit or,
        with ``scale="relative"``, as a share of the champion's mean (0.01 is 1 %).
    :param scale: ``"absolute"`` or ``"relative"``.
    :param guardrails: metrics that must not get worse, by name; each must be shown to hold.
    :param min_pairs: scenarios with a value of every candidate below which nothing is decided; 1 or more.
    :param max_dropped: largest share of scenarios that may be dropped because the infrastructure or the champion's own program
        failed, 0 to 1; a challenger that alone lacks more is not judged, and a comparison that lacks more decides nothing.
    :param max_failed: largest share of scenarios in which a challenger's own program may fail or leave out a metric, 0 to 1.
        With more it is not promoted; with fewer each counts as a loss as large as the largest difference that was seen.
    :param looks: how often an inconclusive comparison may be judged, the first time included, each time with as many more
        evaluations; 1 to 20.
    :param spending: ``"obrien_fleming"`` keeps nearly the whole error for the last look, ``"pocock"`` spends it evenly.
    :param variant: the variant that is decided on; None for the mean of all.
    :param dependence: ``"auto"`` takes scenarios that follow each other in time, such as the days of a window, for a series in
        which one resembles the next, and counts them for as many as they are worth; ``alpha`` then holds roughly, as the page of
        benchmarks says. All others are independent, such as a list of names. ``"serial"`` takes a list for a series, in its order; ``"independent"`` takes nothing for one.
    :param error: over what the error is held: an :class:`ErrorBudget` of all comparisons of the parameter set over the years, which
        gives each comparison a level of at most ``alpha``, smaller when there are many, or run again on the same data; or
        ``"each"``: each comparison by itself at ``alpha``, so that over twelve of them it adds up to 46 %.
    :raises DeclarationError: when an argument is unknown or outside its range.
    """

    alpha: StrictFloat = Field(default=0.05, gt=0, lt=0.5)
    min_improvement: StrictFloat = Field(default=0.0, ge=0)
    scale: Scale = Scale.ABSOLUTE
    guardrails: dict[MetricName, Guardrail] = {}
    min_pairs: StrictInt = Field(default=5, ge=1)
    max_dropped: StrictFloat = Field(default=0.2, ge=0, le=1)
    max_failed: StrictFloat = Field(default=0.0, ge=0, le=1)
    looks: StrictInt = Field(default=1, ge=1, le=20)
    spending: Spending = Spending.OBRIEN_FLEMING
    variant: str | None = None
    # Left out while usual, so that what was decided before is decided again as the same.
    dependence: Dependence = Field(default=Dependence.AUTO, exclude_if=lambda given: given == Dependence.AUTO)
    error: Annotated[ErrorBudget | Literal["each"], BeforeValidator(checked_error)] = Field(
        default=ErrorBudget(), exclude_if=lambda given: given == ErrorBudget()
    )
