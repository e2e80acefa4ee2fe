"""The declaration of a study: what is searched, how, and how much may be spent."""

import math
import operator
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from airflow_hpo.core.algorithms import Pruner, Sampler
from airflow_hpo.core.calendar import length_meant, length_of
from airflow_hpo.core.constraints import AnyConstraint, between_parameters, checked, on_metrics
from airflow_hpo.core.declared import Declared, brief_repr, fingerprint, nearest, refuse_set
from airflow_hpo.core.environment import refuse_clash
from airflow_hpo.core.evaluation import Scenario, listed_scenarios
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.names import OTHERS, is_name, one_spelling, spelt_keys
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.remedy import closest, named
from airflow_hpo.core.space import constraint, grid
from airflow_hpo.core.space.completion import default_of
from airflow_hpo.core.space.parameter import check_parameter_name, parameter
from airflow_hpo.core.space.space import Choice, Space, check_point, ordered
from airflow_hpo.core.stop_rule import checked_rule
from airflow_hpo.core.study_rules import LONGEST_NAME, check_consistent
from airflow_hpo.core.trial_key import edition_name
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.exceptions import DeclarationError

STUDY_NAME = re.compile(rf"^[A-Za-z0-9{OTHERS}][A-Za-z0-9._/{OTHERS}-]{{0,{LONGEST_NAME - 1}}}$")


Aggregate = Literal["mean", "sum", "median", "worst"]

WhenOver = Literal["finish", "stop"]
"""What becomes of running trials when their study is over."""


def _seconds(value: Any) -> Any:
    if not isinstance(value, int | float):
        return value
    try:
        return timedelta(seconds=value if not isinstance(value, bool) else math.nan)
    except (ValueError, OverflowError):
        raise PydanticCustomError("time_delta_parsing", "no duration") from None


Duration = Annotated[timedelta, BeforeValidator(_seconds, json_schema_input_type=float | timedelta)]


def checked_study(given: Any) -> "Study":
    """Return a study; anything else is refused with the line that declares one."""
    if isinstance(given, Study):
        return given
    raise DeclarationError(
        f"A study is declared by Study(...), but got {brief_repr(given)}. "
        "Write study=Study(name='valley', objective='loss', space={'x': Float(-1.0, 1.0)}, max_trials=20)."
    )


class Study(Declared):
    """A search for the best parameters: its space, its objective and its budget.

    A study is data: it round-trips through JSON and YAML, and two studies with one fingerprint are the same.

    Example::

        study = Study(
            name="dispatch/tokyo",
            objective=Objective("revenue", direction="maximize"),
            space={"discount": Float(0.8, 0.999), "max_wait_s": Int(60, 900, step=30)},
            max_trials=100,
            parallelism=10,
        )

    :param name: the study family, the same every month: letters of any alphabet, digits and ``. _ / -``, 200 at most.
    :param space: parameters by name.
    :param objective: the metric to optimise; a name alone means that it is minimised.
    :param max_trials: how many trials the study wants; may be left out for ``sampler="grid"``, which wants all points.
    :param count: which trials count towards ``max_trials``: ``"successful"`` (complete or pruned) or all ``"finished"`` ones.
    :param parallelism: how many trials run at once; default: the square root of ``max_trials``, rounded down.
    :param max_parallelism: to how many a person may raise the parallelism while the study runs; default: ``parallelism``.
    :param reserve: how many more trials a person may ask for while the study runs, with ``dispatch="continuous"``; 0 or more. Batches
        need none.
    :param batch_size: how many free slots are waited for before more trials are suggested; 1 to ``parallelism``, default half.
    :param max_pending: how many trials may wait for a place to run (a pod for its node) before no more are started: a node
        pool grows gently, and later trials are suggested knowing more. No batch is larger; None for no limit.
    :param max_failures: the study fails when more trials than this have failed for good; default: 30 % of ``max_trials``.
    :param stop_on_same_failure: the study fails when so many trials have failed, all for the same reason, and none has succeeded; default: 5
        or ``parallelism``, whichever is more. None: only ``max_failures`` counts.
    :param timeout: no trial is suggested after this time since the study's start; timedelta or seconds; None for no limit. Time in
        which no attempt runs does not count: an outage, a paused DAG, the days until a person clears a run.
        Trials that were suggested before go on to their end, and so a program that hangs holds the study, unless the trial
        has ``no_news_after``. With ``when_over="stop"`` those that run are ended and pruned, and those that wait do not start.
    :param patience: the study ends after this many successful trials without a better one; None for no limit.
    :param stop_when: a stop rule of your own, ``"module:function"``: tasks import it and call it with a :class:`StudyProgress` whenever more
        trials are to start. With True, or a sentence that says why, the study ends, and its best trial so far is the result; an error in
        it is told, and ends nothing. None for no rule.
    :param when_over: what becomes of the trials that still run when the study is over or a person stops it: ``"finish"``
        leaves them to finish, ``"stop"`` ends them, and they are pruned.
    :param sampler: name of the sampler, or a :class:`Sampler` with options.
    :param pruner: name of the pruner, or a :class:`Pruner` with options.
    :param constraints: what every trial keeps between its parameters: ``["low <= high", "a + b <= 1"]``. Comparisons (``<= >= < > !=``) of
        names and numbers with ``+ - * / // % **``; one that names a parameter without a value there, because its condition does not
        hold, does not apply. Other draws are taken for those that break one. :class:`MetricConstraint` limits an extra metric.
    :param start_points: points to try first, in order; parameters left out are sampled.
    :param space_defaults: by name, the value of a parameter where a champion or an earlier edition lacks it, because the parameter is new:
        what production does without it. The champion is tried and compared with it, and a promoted challenger has a value of its own.
    :param warm_start: what to take over from earlier editions; None for nothing.
    :param seed: changes every random choice of the study; 0 or more.
    :param shared: True lets several task groups, also of several DAGs, run trials of one edition together, where their ``run`` is
        the same: one budget, one parallelism, one best trial. All of them declare it. False: a second task group is refused.
    :param scenarios: what each trial is run under, such as the days of a week: names or :class:`Scenario`, in the order in which they start, or
        :func:`folds`; or a length such as ``"1d"``, into which the window of the run is cut. A trial is then one simulation for each.
        ``parallelism``, ``max_parallelism`` and ``max_pending`` count simulations, all else trials.
    :param aggregate: a trial's value from those of its scenarios: ``"mean"``, ``"sum"``, ``"median"``, ``"worst"``, or a quantile such as 0.9.
    :param scenarios_needed: the share of the scenarios that a trial needs for a value, above 0 and up to 1: others may be missing when
        the infrastructure lost them, not when the program failed. 1.0: all of them.
    :raises DeclarationError: when something is missing, unknown or contradictory.
    """

    name: str
    space: Space
    objective: Objective
    max_trials: StrictInt | None = Field(default=None, ge=1)
    count: Literal["successful", "finished"] = "successful"
    parallelism: StrictInt | None = Field(default=None, ge=1)
    max_parallelism: StrictInt | None = Field(default=None, ge=1)
    # Left out while 0, so that fingerprints of earlier declarations hold.
    reserve: StrictInt = Field(default=0, ge=0, exclude_if=operator.not_)
    batch_size: StrictInt | None = Field(default=None, ge=1)
    max_pending: StrictInt | None = Field(default=None, ge=1)
    max_failures: StrictInt | None = Field(default=None, ge=0)
    # None here is the default, and 0 is never: what is None is not stored.
    stop_on_same_failure: StrictInt | None = Field(default=None, ge=0)
    timeout: Duration | None = None
    patience: StrictInt | None = Field(default=None, ge=1)
    stop_when: str | None = None
    when_over: WhenOver = "finish"
    sampler: Sampler = Sampler("tpe")
    pruner: Pruner = Pruner("none")
    # Before the start points, which keep them; left out while empty, as `shared` is while False.
    constraints: list[AnyConstraint] = Field(default=[], exclude_if=operator.not_)
    start_points: list[dict[str, Choice]] = []
    # Left out while empty, as `shared` is while False.
    space_defaults: dict[str, Choice] = Field(default={}, exclude_if=operator.not_)
    warm_start: WarmStart | None = None
    seed: StrictInt = Field(default=0, ge=0)
    # Left out while False, so that fingerprints of earlier declarations hold.
    shared: StrictBool = Field(default=False, exclude_if=operator.not_)
    # Left out while they say nothing, like `shared`.
    scenarios: list[Scenario] | str = Field(default=[], exclude_if=operator.not_)
    aggregate: Aggregate | StrictFloat = Field(default="mean", exclude_if=lambda aggregate: aggregate == "mean")
    scenarios_needed: StrictFloat = Field(default=1.0, gt=0, le=1, exclude_if=lambda share: share == 1)

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        name = one_spelling(name)
        if not is_name(STUDY_NAME, name):
            raise ValueError(
                f"A study's name starts with a letter or digit, then letters, digits and '. _ / -', 200 at most, "
                f"but got {brief_repr(name)}. Write name={named(name)!r}."
            )
        return name

    @field_validator("objective", mode="before", json_schema_input_type=str | Objective)
    @classmethod
    def _objective_by_name(cls, objective: Any) -> Any:
        return {"metric": objective} if isinstance(objective, str) else objective

    @field_validator("space", mode="before", json_schema_input_type=Space)
    @classmethod
    def _parameters(cls, space: Any) -> Any:
        if not isinstance(space, Mapping):
            return space
        if not space:
            raise ValueError(
                "A study needs at least one parameter, but its `space` is empty, {}. Write space={'x': Float(0.0, 1.0)}."
            )
        found = {check_parameter_name(name): parameter(name, declared) for name, declared in space.items()}
        if len(found) < len(space):
            twice = next(name for name in found if sum(one_spelling(each) == name for each in space) > 1)
            raise ValueError(
                f"Parameters must differ in more than how Unicode spells them, but got {twice!r} twice. Rename one."
            )
        return found

    @field_validator("space")
    @classmethod
    def _space(cls, space: Space) -> Space:
        refuse_clash(space)
        return ordered(space)

    @field_validator("scenarios", mode="before", json_schema_input_type=list[str | Scenario] | str)
    @classmethod
    def _listed_or_a_length(cls, scenarios: Any) -> Any:
        if isinstance(scenarios, str | timedelta):
            length = length_of(scenarios)
            return scenarios if isinstance(scenarios, str) else str(length)
        refuse_set("Scenarios", scenarios)
        if not isinstance(scenarios, list | tuple):
            raise ValueError(
                f"Scenarios are a list, or a length such as '1d', but got {brief_repr(scenarios)}. "
                f"Write scenarios={length_meant(scenarios)!r}."
            )
        return listed_scenarios(scenarios)

    @field_validator("aggregate", mode="before", json_schema_input_type=Aggregate | float)
    @classmethod
    def _known_aggregate(cls, aggregate: Any) -> Any:
        known = get_args(Aggregate)
        if isinstance(aggregate, str) and aggregate not in known:
            percent = re.fullmatch(r"[pq]\.?([1-9][0-9]?)", aggregate.lower())
            meant = int(percent[1]) / 100 if percent else closest(aggregate, list(known))
            raise ValueError(
                f"A trial's value is the {', '.join(map(repr, known))} of its scenarios' or a quantile such as 0.9, but got "
                f"{aggregate!r}. Write aggregate={meant!r}."
            )
        return aggregate

    @field_validator("space_defaults", mode="before")
    @classmethod
    def _spelt_defaults(cls, defaults: Any) -> Any:
        return spelt_keys(defaults)

    @field_validator("stop_when", mode="before", json_schema_input_type=str | None)
    @classmethod
    def _rule(cls, path: Any) -> Any:
        return None if path is None else checked_rule(path)

    @field_validator("stop_on_same_failure", mode="before", json_schema_input_type=int | None)
    @classmethod
    def _never(cls, given: Any) -> Any:
        return 0 if given is None else given

    @field_validator("constraints", mode="before", json_schema_input_type=list[AnyConstraint])
    @classmethod
    def _comparisons(cls, constraints: Any, info: ValidationInfo) -> Any:
        objective = info.data.get("objective")
        metrics = objective.extra_metrics if objective else []
        return checked(constraints, info.data["space"], metrics) if "space" in info.data else constraints

    @field_validator("start_points")
    @classmethod
    def _points(cls, points: list[dict[str, Choice]], info: ValidationInfo) -> list[dict[str, Choice]]:
        if "space" not in info.data:
            return points
        found = [check_point(info.data["space"], spelt_keys(point)) for point in points]
        for point in found:
            constraint.check_kept(between_parameters(info.data.get("constraints", [])), point)
        return found

    @field_validator("space_defaults")
    @classmethod
    def _defaults(cls, defaults: dict[str, Choice], info: ValidationInfo) -> dict[str, Choice]:
        space = info.data.get("space", {})
        for name in defaults if space else ():
            if name not in space:
                raise ValueError(
                    f"`space_defaults` has values for parameters of the space, but got {name!r}, and it has {', '.join(space)}."
                    f"{nearest(name, list(space)) or f' Leave {name!r} out.'}"
                )
        return {name: default_of(name, space[name], value) for name, value in defaults.items()} if space else defaults

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_consistent(self)
        return self

    @property
    def simulations(self) -> int:
        """How many simulations a trial is."""
        return max(1, len(self.listed_scenarios))

    @property
    def listed_scenarios(self) -> list[Scenario]:
        """The scenarios; those that its window is cut into are known when there is a window."""
        if isinstance(self.scenarios, str):
            raise DeclarationError(
                f"Scenarios of a length are cut from a window, but {self.name!r} has scenarios={self.scenarios!r} and no window. "
                "Write TuneTaskGroup(..., window=Window('-1w'))."
            )
        return self.scenarios

    @property
    def simulations_at_once(self) -> int:
        """How many simulations run at once: what ``parallelism`` says."""
        total = self.wanted * self.simulations
        return min(self.parallelism or math.isqrt(total), total)

    @property
    def wanted(self) -> int:
        """How many trials the study wants: ``max_trials``, or all points of a grid when those are fewer."""
        if self.sampler.name != "grid":
            return self.max_trials or 0
        return min(self.max_trials or self.points, self.points)

    @cached_property
    def points(self) -> int:
        """How many points a grid has that keep the constraints."""
        if not self.parameter_constraints:
            return grid.size(self.space)
        kept = (constraint.breach(self.parameter_constraints, point) is None for point in grid.points(self.space))
        return sum(kept)

    @property
    def parameter_constraints(self) -> list[str]:
        """The constraints that every trial keeps, because they compare parameters."""
        return between_parameters(self.constraints)

    @property
    def metric_constraints(self) -> list[MetricConstraint]:
        """The constraints by which a trial is judged when it has ended."""
        return on_metrics(self.constraints)

    @property
    def slots(self) -> int:
        """How many trials run at once; of several simulations as many as fit whole, and one at least."""
        return max(1, self.simulations_at_once // self.simulations)

    @property
    def most_simulations(self) -> int:
        """How many simulations may run at once when a person raises the parallelism; of trials that are one, how many trials."""
        return max(self.max_parallelism or 0, self.simulations_at_once)

    @property
    def scenarios_spare(self) -> int:
        """How many scenarios of a trial the infrastructure may lose."""
        return math.floor(self.simulations * (1 - self.scenarios_needed) + 1e-9)

    @property
    def batch(self) -> int:
        """How many free slots are waited for."""
        return min(self.batch_size or math.ceil(self.slots / 2), self.first_batch)

    @property
    def first_batch(self) -> int:
        """How many trials are started before any has a place to run, which is also the most at a time."""
        return min(self.slots, self.pending_trials)

    @property
    def pending_trials(self) -> int:
        """How many trials may wait for their places."""
        return max(1, self.max_pending // self.simulations) if self.max_pending else self.slots

    @property
    def failures_allowed(self) -> int:
        """How many trials may fail for good."""
        return self.failures_of(self.wanted)

    def failures_of(self, wanted: int) -> int:
        """Return how many trials may fail for good where so many are wanted."""
        return math.ceil(0.3 * wanted) if self.max_failures is None else self.max_failures

    @property
    def same_failures(self) -> int | None:
        """How many trials may fail for one reason before the study stops, while none succeeds; None for any number."""
        return max(5, self.slots) if self.stop_on_same_failure is None else self.stop_on_same_failure or None

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with anything declared."""
        return fingerprint(self.to_dict())

    @property
    def search_fingerprint(self) -> str:
        """16 hex digits that change only when results would no longer be comparable."""
        return fingerprint(self.search)

    @property
    def search(self) -> dict[str, Any]:
        """What makes results comparable, as plain data: the space, and the objective's metric, direction and strategy."""
        data = self.to_dict()
        compared = ("metric", "direction", "strategy", "window")
        objective = {name: data["objective"][name] for name in compared if name in data["objective"]}
        more: dict[str, Any] = {name: data[name] for name in ("scenarios", "aggregate", "constraints") if name in data}
        return {"space": data["space"], "objective": objective, **more}

    def edition(self, run: str) -> str:
        """Return the name of one run of this study, which is also the name of its Optuna study.

        :param run: a value that is different for each edition, usually the DAG run's id.
        """
        return edition_name(self.name, run)
