"""Budget of false promotions over the years, and what one comparison may take of it."""

from typing import Any, Literal

from pydantic import Field, StrictFloat, StrictInt

from airflow_hpo.core.declared import Declared, brief_repr

EACH: Literal["each"] = "each"
"""Each comparison by itself, as if there were no others."""
TAKEN = 0.8
"""Share of what is left that a comparison takes: most for the first one on new data, and something for one that is run again."""
_SAVED = 0.25
"""Share of a year's budget that is saved up at most, and there from the first day on."""
LEAST = 1e-9
"""Level of a test for which nothing is left: only what is beyond doubt is shown."""


class ErrorBudget(Declared):
    """How seldom a challenger may be promoted that is not better, over all comparisons of a parameter set.

    A level holds for one comparison. Of twelve a year at 5 % each, nearly every second year promotes something that is not
    better. With a budget the *sum* of their levels is bounded, so also the expected number of false promotions (Bonferroni),
    however the comparisons depend on each other. It is the alpha-spending of Foster and Stine (2008, "Alpha-investing: a procedure
    for sequential control of expected false discoveries"), without their reward for a discovery, and it comes in as time goes by:

    - Up to a quarter of a year's budget can be saved up, but no more than ``ComparisonRule.alpha``. It is there from the first day.
    - The rest comes in day by day, as the data go on: a day that was in an earlier comparison brings nothing a second time.
    - A comparison takes four fifths of what is there, whatever it decides, and less each time it is run again on the same data.

    Example::

        ComparisonRule(error=ErrorBudget(years=2))

    :param years: in how many years at most one false promotion is expected, above 0. Years are those of the data where scenarios have
        a period, as those of a window, and otherwise those in which is compared.
    :param among: how many parameter sets share the budget evenly, such as the regions of a retuning; fixed beforehand; 1 or more.
    :raises DeclarationError: when an argument is unknown or outside its range.
    """

    years: StrictFloat = Field(default=5.0, gt=0)
    among: StrictInt = Field(default=1, ge=1)

    @property
    def a_year(self) -> float:
        """How many false promotions of one parameter set are expected in a year at most."""
        return 1 / (self.years * self.among)

    def saved(self, alpha: float) -> float:
        """Return the most that is there at once."""
        return min(alpha, _SAVED * self.a_year)

    def comes_in(self, alpha: float) -> float:
        """Return what a year brings; with all that can be saved it is the year's budget."""
        return self.a_year - self.saved(alpha)

    def taken_of(self, left: float) -> float:
        """Return the level of a comparison, of what is left."""
        return max(TAKEN * left, LEAST)

    def __str__(self) -> str:
        shared = f", shared by {self.among} parameter sets" if self.among > 1 else ""
        years = "a year" if self.years == 1 else f"{self.years:g} years"
        return f"at most one false promotion in {years}{shared}"


def checked_error(given: Any) -> Any:
    """Return a budget, its plain data, or the word for none; whatever else is refused with what is meant."""
    if isinstance(given, ErrorBudget | dict) or given == EACH:
        return given
    meant = f"ErrorBudget(years={given!r})" if isinstance(given, int | float) and given > 0 else "ErrorBudget(years=5)"
    raise ValueError(
        f"The error is that of years, ErrorBudget(...), or of each comparison by itself, 'each', but got {brief_repr(given)}. "
        f"Write error={meant}."
    )
