"""A trial from its request to its result, as it travels between tasks."""

import json
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from jinja2 import Undefined

from airflow_hpo.core.arguments import Arguments
from airflow_hpo.core.declared import Declared, fingerprint
from airflow_hpo.core.environment import as_text, parameter_variables, variable
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.known import Known
from airflow_hpo.core.space.space import Choice, Params
from airflow_hpo.core.trial_key import main_of
from airflow_hpo.core.window import Period
from airflow_hpo.exceptions import FailureKind as FailureKind

LABEL_LENGTH = 200
BEST = " ★"
"""End of the label of a trial that was the best when it ended."""


class TrialState(StrEnum):
    """Where a trial stands; Optuna's states in lower case."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAIL = "fail"

    @property
    def finished(self) -> bool:
        """Whether the trial will not change any more."""
        return self in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)

    @property
    def successful(self) -> bool:
        """Whether the trial did what it was meant to: a pruned one did."""
        return self in (TrialState.COMPLETE, TrialState.PRUNED)


class Origin(StrEnum):
    """Where a trial's parameters come from."""

    SAMPLER = "sampler"
    CHAMPION = "champion"
    START_POINT = "start_point"
    WARM_START = "warm_start"
    RERUN = "rerun"


class AttemptOutcome(StrEnum):
    """How one run of a trial stands or ended."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    LOST = "lost"


class TrialRequest(Declared):
    """A trial that a task is asked to run: what ``suggest`` puts into XCom, one an index."""

    study: str
    """Name of the edition, which is the name of the Optuna study."""
    key: str
    """What the trial was asked for, unique in the study: ``002/3`` is index 3 of batch 2."""
    number: int | None = None
    """The trial's number in the study; None until a task asks for it (continuous dispatch)."""
    params: Params = {}
    """Parameter values by name."""
    seed: int = 0
    """Seed for the trial's own randomness."""
    slot: int | None = None
    """The lowest number that no other trial has which runs now, from 0 and below the parallelism; None until it is claimed."""
    period: Period | None = None
    """What data it works on; None when the program decides."""
    candidate: str | None = None
    """The candidate that is evaluated; None while tuning, like the three below."""
    scenario: Scenario | None = None
    variant: str | None = None
    replicate: int | None = None
    part_of: int | None = None
    """Number of the trial that this is a simulation of; ``study`` and ``number`` are then those of the simulation."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits of everything that the program is given, except the seed."""
        told = self.circumstances
        return fingerprint({"params": self.params, **told} if told else self.params)

    @property
    def circumstances(self) -> dict[str, Any]:
        """What it works on, as plain data: a period, and in an evaluation candidate, scenario, variant and replicate."""
        return self.model_dump(mode="json", include=set(_CIRCUMSTANCES), exclude_none=True)

    @property
    def evaluates(self) -> bool:
        """Whether this is an evaluation of a candidate and not a trial of a search."""
        return self.candidate is not None

    @property
    def has_own_params(self) -> bool:
        """Whether its parameters are in the request alone: its own study is a list of names."""
        return self.evaluates or self.part_of is not None

    @property
    def told_study(self) -> str:
        """The edition that a program is told."""
        return self.study if self.part_of is None else main_of(self.study)

    @property
    def told_number(self) -> int | None:
        """The trial that a program is told."""
        return self.number if self.part_of is None else self.part_of

    def may_lack(self, name: str, space: Container[str]) -> bool:
        """Say whether a parameter that it has not may be asked for all the same, because its condition does not hold.

        An evaluation's own space is its grid: what it works on was tuned in another one, against which names were checked.
        """
        return self.has_own_params or name in space

    @property
    def label(self) -> str:
        """What people see of the trial in a list: its number and parameters, or what it evaluates."""
        return _fitting(f"#{self.told_number} {self._said()}" if self.number is not None else self.key)

    def ended_label(self, state: TrialState, value: float | None, *, best: bool) -> str:
        """What they see once it has ended: its value as well, and a star when it was the best until then."""
        counts = state is TrialState.COMPLETE and value is not None
        said = brief(value) if counts else "failed" if state is TrialState.FAIL else state.value
        end = f" → {said}{BEST if best else ''}"
        return f"{_fitting(self.label, LABEL_LENGTH - len(end))}{end}"

    def environment(self) -> dict[str, str]:
        """Return the variables that tell a program its parameters."""
        return {
            "HPO_STUDY": self.told_study,
            "HPO_TRIAL": as_text(self.told_number),
            "HPO_SEED": str(self.seed),
            **({} if self.slot is None else {"HPO_SLOT": str(self.slot)}),
            **parameter_variables(self.params),
            **self._circumstances(),
        }

    def _circumstances(self) -> dict[str, str]:
        found: dict[str, str | None] = {
            "HPO_PERIOD_START": self.period.start.isoformat() if self.period else None,
            "HPO_PERIOD_END": self.period.end.isoformat() if self.period else None,
            "HPO_CANDIDATE": self.candidate,
            "HPO_SCENARIO": self.scenario.name if self.scenario else None,
            "HPO_VARIANT": self.variant,
            "HPO_REPLICATE": None if self.replicate is None else str(self.replicate),
        }
        values = self.scenario.values if self.scenario else {}
        found |= {f"HPO_SCENARIO_{variable(name)}": as_text(value) for name, value in values.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _said(self) -> str:
        if not self.evaluates:
            said = " ".join(f"{name}={brief(value)}" for name, value in self.params.items())
            return f"{self.scenario.name} · {said}" if self.scenario else said
        replicate = f"replicate {self.replicate}" if self.replicate is not None else None
        parts = (self.candidate, self.scenario.name if self.scenario else None, self.variant, replicate)
        return " · ".join(part for part in parts if part)


_CIRCUMSTANCES = ("period", "candidate", "scenario", "variant", "replicate")


class TrialResult(Declared):
    """What a trial task returns: small enough for XCom, complete enough to read."""

    study: str
    number: int
    state: TrialState
    value: float | None = None
    """The objective; None unless the trial is complete, or was pruned after reporting."""
    metrics: dict[str, float] = {}
    """The extra metrics that were reported."""
    params: Params = {}
    attempt: int = 0
    """Which attempt gave this result, counted from 1; 0 when it was taken from the study without running."""
    replaces: int | None = None
    """Number of the trial that this one runs again."""


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial as the store knows it."""

    number: int
    state: TrialState
    params: Params
    value: float | None = None
    key: str | None = None
    origin: Origin = Origin.SAMPLER
    replaces: int | None = None
    seed: int = 0
    work: str | None = None
    """Fingerprint of what was run: command, image or code; None before the trial has finished."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    started: datetime | None = None
    finished: datetime | None = None
    invalid: str | None = None
    """Why its result was taken back, or why it is not run, which makes it a failed trial without a value; None while it counts."""
    part_of: int | None = None
    """Number of the trial that it is a simulation of; None for a trial."""
    source: str | None = None
    """Trial of an earlier edition that its result was taken over from, such as ``f@r#7``; None for results of this edition."""
    known: Known | None = None
    """The mark of such a result that counts for the best one; None for those that editions of before took over, which do not."""

    @property
    def named(self) -> str:
        """What people call it, with the edition that its result comes from."""
        return f"trial {self.number}{f', {self.known}' if self.known else ''}"

    @property
    def why_invalid(self) -> str:
        """Why its result does not count, or why it is not run, for people."""
        return (
            f"Its result was taken back: {self.invalid}"
            if self.started
            else f"It was enqueued and is not run. {self.invalid}"
        )


class TrialView:
    """What ``{{ trial }}`` is in a template: ``trial.params.x``, ``trial.number``, ``trial.seed``, ``trial.slot``,
    ``trial.study``, ``trial.label``.

    ``trial.args`` is all parameters as ``--name=value``, without those of which the condition does not hold.

    With a window also ``trial.period.start`` and ``trial.period.end``, which are datetimes: ``{{ trial.period.start | ds }}``.
    In an evaluation also ``trial.candidate``, ``trial.scenario.name``, ``trial.scenario.values.x``, ``trial.variant`` and
    ``trial.replicate``; while tuning these are empty, so that one template serves both.
    """

    def __init__(self, request: TrialRequest, space: Container[str] = ()) -> None:
        self.study = request.told_study
        self.number = request.told_number
        self.seed = request.seed
        # Of a trial that answers, and of what decides whether it does, nothing runs in it.
        self.slot = request.slot or 0
        self.label = request.label
        self.params = ParamsView(request.params, partial(request.may_lack, space=space))
        self.args = Arguments(request.params)
        self.period = request.period
        self.candidate = request.candidate or ""
        self.scenario = ScenarioView(request.scenario)
        self.variant = request.variant or ""
        self.replicate = "" if request.replicate is None else request.replicate


class ScenarioView:
    """A scenario for templates; without a name while tuning."""

    def __init__(self, scenario: Scenario | None) -> None:
        self.name = scenario.name if scenario else ""
        self.values = ParamsView(scenario.values if scenario else {})

    def __str__(self) -> str:
        return self.name


class ParamsView:
    """Parameters for templates: attributes and items alike, and no method that could hide a parameter's name.

    One of the space that is not active is undefined, which is written as nothing, and is no error as a misspelled name is.
    """

    def __init__(self, params: Mapping[str, Choice], may_lack: Callable[[str], bool] = lambda name: False) -> None:
        self.__dict__.update(params)
        _MAY_LACK[self] = may_lack

    def __getitem__(self, name: str) -> Any:
        if name in self.__dict__:
            return self.__dict__[name]
        # Python and Jinja ask an object for names such as __html__, also one that is being copied and has no rule yet.
        if name.startswith("__") or self not in _MAY_LACK or not _MAY_LACK[self](name):
            raise KeyError(name)
        return Undefined(name=name)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __len__(self) -> int:
        return len(self.__dict__)

    def __str__(self) -> str:
        return json.dumps(self.__dict__)


_MAY_LACK: WeakKeyDictionary[ParamsView, Callable[[str], bool]] = WeakKeyDictionary()
"""Which names are no error where there is no such parameter; kept apart, since every attribute is a parameter."""


def _fitting(text: str, length: int = LABEL_LENGTH) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def brief(value: Any) -> str:
    """Return a value in few characters: floats with four significant digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
