"""Parameters with a normal distribution: most values near the middle, and any value possible."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from statistics import NormalDist
from typing import Any, Literal

from pydantic import StrictBool, StrictFloat, model_validator

from airflow_hpo.core.declared import REQUIRED
from airflow_hpo.core.space.bounds import decimal
from airflow_hpo.core.space.condition import Choice, Conditional

TAIL = 1e-9
"""Share of the values beyond each bound, which no draw reaches: six standard deviations."""
_STANDARD = NormalDist()
_WIDTH = -_STANDARD.inv_cdf(TAIL)
LARGEST_WHOLE = 2**53


class _OfTheBell(Conditional):
    """What both distributions share: where a value lies is told by its quantile."""

    mu: StrictFloat
    sigma: StrictFloat
    step: StrictFloat | None = None
    integer: StrictBool = False
    at_least: StrictFloat | None = None
    at_most: StrictFloat | None = None

    def __init__(self, mu: float = REQUIRED, sigma: float = REQUIRED, *unnamed: Any, **options: Any) -> None:
        super().__init__(*unnamed, **{"mu": mu, "sigma": sigma, **options})

    @model_validator(mode="after")
    def _consistent(self) -> _OfTheBell:
        if self.sigma <= 0:
            raise ValueError(
                f"`sigma > 0` must hold, but got (sigma={self.sigma}). Write sigma={abs(self.sigma) or 1.0}."
            )
        if self.step is not None and self.step <= 0:
            raise ValueError(f"`step > 0` must hold, but got (step={self.step}). Write step={abs(self.step) or 0.1}.")
        if self.integer and self.step is not None and not self.step.is_integer():
            raise ValueError(
                f"Whole numbers have a whole step, but got (integer=True, step={self.step}). Write step={max(1, round(self.step))}."
            )
        low, high = (math.inf if value is None else value for value in (self.at_least, self.at_most))
        if self.at_least is not None and self.at_most is not None and low >= high:
            raise ValueError(
                f"`at_least < at_most` must hold, but got (at_least={low}, at_most={high}). Swap them: at_least={high}, at_most={low}."
            )
        most = LARGEST_WHOLE if self.integer else sys.float_info.max / 2
        try:
            first, last = self._ends
            largest = max(abs(first), abs(last))
        except OverflowError:
            largest = math.inf
        if not largest <= most:
            raise ValueError(
                f"Values lie up to six `sigma` from `mu` and must stay below {most:.2g}, but got (mu={self.mu}, sigma={self.sigma}). "
                "Write a smaller sigma."
            )
        if not first < last:
            raise ValueError(
                f"Bounds leave values within six `sigma` of `mu`, but got (mu={self.mu}, sigma={self.sigma}, at_least={self.at_least}, "
                f"at_most={self.at_most}). Write a larger sigma, or Float."
            )
        if not self.low < self.high:
            raise ValueError(
                f"A step leaves several values, but got (mu={self.mu}, sigma={self.sigma}, step={self.step}), of which at most "
                "one lies within its bounds. Write a smaller step."
            )
        return self

    @property
    def low(self) -> float:
        """The smallest value: ``at_least``, or that below which a share of 1e-9 of the distribution lies."""
        first = self._ends[0]
        found = self._rounded(first)
        return found if self.at_least is None or found >= first else self.at(self.index(first) + 1)

    @property
    def high(self) -> float:
        """The largest value: ``at_most``, or that above which a share of 1e-9 of the distribution lies."""
        last = self._ends[1]
        found = self._rounded(last)
        return found if self.at_most is None or found <= last else self.at(self.index(last) - 1)

    @property
    def log(self) -> bool:
        """Whether values spread over orders of magnitude, and are shown so."""
        return False

    @property
    def count(self) -> None:
        """Never known: a distribution has no list of values, each as good as the others."""
        return None

    def values(self) -> Iterator[float]:
        """Yield nothing: there is no list of values."""
        return iter(())

    def at(self, index: int) -> float:
        """Return a multiple of the step, also one below 0."""
        exact = decimal(self._step or 1.0) * index
        return int(exact) if self.integer else float(exact)

    def index(self, value: float) -> int:
        """Return which multiple of the step is nearest to a value."""
        return round(decimal(value) / decimal(self._step or 1.0))

    def holds(self, value: Any) -> bool:
        """Say whether the value is one of this parameter's."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        nearest = self._rounded(value)
        return abs(value - nearest) <= max(1e-6 * (self._step or 0.0), 2 * math.ulp(nearest))

    def canonical(self, value: Any) -> Choice:
        """Return a value that this parameter holds the way it is declared: exactly on its step, whole numbers as such."""
        return self._rounded(value)

    def quantile(self, value: Any) -> float:
        """Return which share of the distribution, between its bounds, lies below a value."""
        first, last = self._shares
        return min(max((self._share(value) - first) / (last - first), 0.0), 1.0)

    def at_quantile(self, share: float) -> float:
        """Return the value below which a share of the distribution, between its bounds, lies."""
        first, last = self._shares
        drawn = self._real(_STANDARD.inv_cdf(min(max(first + share * (last - first), TAIL), 1 - TAIL)))
        return min(max(self._rounded(drawn), self.low), self.high)

    @property
    def _ends(self) -> tuple[float, float]:
        """Where the values end, before they are rounded."""
        first, last = self._real(-_WIDTH), self._real(_WIDTH)
        return (
            first if self.at_least is None else max(first, self.at_least),
            last if self.at_most is None else min(last, self.at_most),
        )

    @property
    def _shares(self) -> tuple[float, float]:
        """The shares below the first and the last value."""
        first, last = self._ends
        return self._share(first), self._share(last)

    def _share(self, value: float) -> float:
        return _STANDARD.cdf(self._standard(value))

    @property
    def _step(self) -> float | None:
        return 1.0 if self.integer and self.step is None else self.step

    def _rounded(self, value: float) -> float:
        return float(value) if self._step is None else self.at(self.index(value))

    def _real(self, standard: float) -> float:
        """Return the value that lies so many standard deviations from the middle."""
        return self.mu + self.sigma * standard

    def _standard(self, value: float) -> float:
        """Return how many standard deviations a value lies from the middle."""
        return (value - self.mu) / self.sigma


class Normal(_OfTheBell):
    """A number with a normal distribution.

    Of a random search these are the draws; other samplers begin with them and go where the trials are good.

    Example::

        Normal(0.0, 1.0)
        Normal(64, 16, step=8, integer=True, at_least=8)

    :param mu: mean, finite.
    :param sigma: standard deviation, above 0. Values lie at most six of them from ``mu``, where all but two of 1e9 draws lie.
    :param step: values are multiples of it; None for any value, or whole numbers one apart with ``integer``.
    :param integer: whether values are whole numbers.
    :param at_least: lower bound: the distribution is cut off below it; None for none.
    :param at_most: upper bound, above ``at_least``; None for none.
    :param when: condition, such as ``{"model": ["svm", "mlp"]}`` or ``{"layers": Between(2)}``; of a list of conditions one is enough; None for
        always.
    :raises DeclarationError: when they contradict each other.
    """

    type: Literal["normal"] = "normal"


class LogNormal(_OfTheBell):
    """A positive number with a logarithm that has a normal distribution.

    For what spreads over orders of magnitude, and is most likely near a value that is known: ``LogNormal(math.log(0.001), 1.0)``.

    Example::

        LogNormal(-6.9, 1.0)
        LogNormal(4.2, 0.5, integer=True)

    :param mu: mean of the natural logarithm, finite.
    :param sigma: standard deviation of the natural logarithm, above 0. Logarithms lie at most six of them from ``mu``.
    :param step: values are multiples of it, 0 among them where that is nearest; None for any value, or whole numbers one apart with ``integer``.
    :param integer: whether values are whole numbers.
    :param at_least: lower bound: the distribution is cut off below it; None for none.
    :param at_most: upper bound, above ``at_least``; None for none.
    :param when: condition, such as ``{"model": ["svm", "mlp"]}`` or ``{"layers": Between(2)}``; of a list of conditions one is enough; None for
        always.
    :raises DeclarationError: when they contradict each other.
    """

    type: Literal["lognormal"] = "lognormal"

    @property
    def log(self) -> bool:
        """Whether values spread over orders of magnitude, and are shown so: all that are above 0."""
        return self.low > 0

    def _real(self, standard: float) -> float:
        return math.exp(super()._real(standard))

    def _standard(self, value: float) -> float:
        return super()._standard(math.log(value)) if value > 0 else -math.inf
