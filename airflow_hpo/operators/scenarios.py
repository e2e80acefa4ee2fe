"""Scenarios of an evaluation, worked out when the run's period is known."""

import inspect
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.configuration import conf as airflow_conf

from airflow_hpo.comparison.reachable import refuse_unreachable
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.calendar import count_in, length_meant, split
from airflow_hpo.core.called import refuses_one_argument
from airflow_hpo.core.declared import refuse_set
from airflow_hpo.core.evaluation import Scenario, listed_scenarios
from airflow_hpo.core.window import Period, Window, checked_window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.context import period_of, permanent_errors_end_the_task, timezone_of
from airflow_hpo.operators.windows import window_in

Scenarios = str | timedelta | Sequence[Scenario | str] | Callable[[Period], Sequence[Scenario | str]]


class ScenariosOperator(BaseOperator):
    """Returns the scenarios of a window, which moves on with every run.

    Example::

        ScenariosOperator(task_id="weeks", window=Window("-8w"), scenarios="1w")

    :param scenarios: the length of one, such as ``"1d"`` or ``"1w"``: the window is cut into them, each with its own
        ``period``; a function of the period that returns them; or a list, the same in every run.
    :param window: what period they are of, relative to the run.
    :param evaluations: how many evaluations each has at most, 1 or more: candidates x variants x replicates. More in all than
        one mapped task can hold are refused.
    :param rule: the rule of the comparison that they serve: too few for any promotion are refused; None where nothing is decided.
    :param challengers: how many challengers that comparison has, 1 or more.
    :param hpo_conn_id: connection of the study database, which knows the time zone of the run's editions.
    :raises DeclarationError: when it is none of these, the window is shorter than one scenario, or there are too many, or too few.
    """

    def __init__(
        self,
        *,
        scenarios: Scenarios,
        window: Window,
        evaluations: int = 1,
        rule: ComparisonRule | None = None,
        challengers: int = 1,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.hpo_conn_id = hpo_conn_id
        self.window = checked_window("window", window)
        self.scenarios = checked(scenarios, window)
        self.evaluations = evaluations
        self.rule, self.challengers = rule, challengers
        self.check_window(window)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the scenarios as plain data."""
        with permanent_errors_end_the_task():
            timezone = timezone_of(HpoHook(self.hpo_conn_id).store, context)
            window = window_in(self.window, context)
            period, reference = period_of(window, context, timezone)
            found = [each.to_dict() for each in self._of(period)]
            self._check_count(len(found))
        names = ", ".join(each["name"] for each in found)
        self.log.info("%s scenarios of %s, which is %s before %s: %s", len(found), period, window, reference, names)
        return found

    def check_window(self, window: Window) -> None:
        """Refuse a window with too many or too few scenarios, as far as that is known before a run."""
        if isinstance(self.scenarios, str | timedelta):
            self._check_count(count_in(window, self.scenarios))
        elif not callable(self.scenarios):
            self._check_count(len(self.scenarios))

    def _check_count(self, count: int) -> None:
        limit = airflow_conf.getint("core", "max_map_length", fallback=1024)
        if count * self.evaluations > limit:
            raise DeclarationError(
                f"One mapped task holds {limit} evaluations ([core] max_map_length), but got {count} scenarios of "
                f"{self.evaluations} evaluations each, {count * self.evaluations} in all. Take longer scenarios, fewer "
                "replicates or fewer candidates, or raise the option."
            )
        if self.rule:
            cut = isinstance(self.scenarios, str | timedelta)
            refuse_unreachable(
                self.rule,
                self.challengers,
                count,
                window=self.window.end - self.window.start if cut else None,
                looked_up=callable(self.scenarios),
            )

    def _of(self, period: Period) -> list[Scenario]:
        if isinstance(self.scenarios, str | timedelta):
            return split(period, self.scenarios)
        given = self.scenarios(period) if callable(self.scenarios) else self.scenarios
        refuse_set("Scenarios", given)
        return listed_scenarios(given)


def checked(scenarios: Scenarios, *windows: Window) -> Scenarios:
    """Return scenarios that can be worked out, as far as that is known before a run."""
    if isinstance(scenarios, str | timedelta):
        for window in windows:
            count_in(window, scenarios)
        return scenarios
    if not callable(scenarios) and not isinstance(scenarios, Sequence):
        raise DeclarationError(
            f"Scenarios are a length such as '1w', a list, or a function of the period, but got {scenarios!r}. "
            f"Write scenarios={length_meant(scenarios)!r}."
        )
    if isinstance(scenarios, type) or not callable(scenarios):
        listed_scenarios([scenarios] if isinstance(scenarios, type) else scenarios)
        return scenarios
    if refuses_one_argument(scenarios):
        raise DeclarationError(
            f"Scenarios are worked out from the period, but got a function with {inspect.signature(scenarios)}. "
            "Write def scenarios(period): ..., which returns a list."
        )
    return scenarios
