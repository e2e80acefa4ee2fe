"""Candidates, scenarios and plans of an evaluation: every candidate gets the same scenarios, variants and seeds."""

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictInt, StringConstraints, field_validator, model_validator

from airflow_hpo.core.declared import REQUIRED, Declared, brief_repr, fingerprint, first_twice
from airflow_hpo.core.environment import clash, variable
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space.parameter import Choice, Params
from airflow_hpo.core.window import Period
from airflow_hpo.exceptions import DeclarationError

CHAMPION = "champion"
"""Name of the candidate that production uses now."""
KEYS = ("candidate", "scenario", "variant", "replicate")
"""What tells one evaluation from another; also columns of every frame of evaluations."""

FAILURE = "failure_kind"
"""Column that says why an evaluation has no result: a :class:`FailureKind`, or that it was taken back."""
TAKEN_BACK = "taken_back"

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Role = Literal["champion", "challenger"]


class Candidate(Declared):
    """Parameters that are evaluated, and where they come from.

    Example::

        Candidate("champion", {"margin": 0.1})
        Candidate("trial 17", {"margin": 0.2}, study="bikes@2026-01", number=17)

    :param name: what tables and reports call it: ``"champion"`` for what production uses, ``"trial 17"`` for a trial of the
        study, or any other text of 200 characters at most.
    :param params: parameter values by name.
    :param role: ``"champion"`` or ``"challenger"``; default: ``"champion"`` for that name, else ``"challenger"``.
    :param study: the tuned edition that it was found in; None when no study found it.
    :param number: its trial there.
    :param value: what the trial scored there: an optimistic number.
    :param parameter_set: the parameter set that it is a version of.
    :param version: which version, from 1.
    :param windows: names of the tuning windows that it was found on, where there were several; empty where there was one.
    :param added: those of ``params`` that the version lacks, from ``Study(space_defaults=...)``.
    :param left_out: parameters of the version that the study's space does not have, and which ``params`` does not have either.
    :raises DeclarationError: when name and role contradict each other.
    """

    name: Name
    params: Params
    role: Role = "challenger"
    study: str | None = None
    number: StrictInt | None = Field(default=None, ge=0)
    value: float | None = None
    parameter_set: str | None = None
    version: StrictInt | None = Field(default=None, ge=1)
    # Left out while empty, so that plans of before keep their fingerprints.
    windows: list[Name] = Field(default=[], exclude_if=operator.not_)
    added: Params = Field(default={}, exclude_if=operator.not_)
    left_out: Params = Field(default={}, exclude_if=operator.not_)

    def __init__(self, name: str = REQUIRED, params: Params = REQUIRED, *unnamed: Any, **options: Any) -> None:
        role = CHAMPION if name == CHAMPION else "challenger"
        super().__init__(*unnamed, **{"name": name, "params": params, "role": role, **options})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.role == CHAMPION) != (self.name == CHAMPION):
            raise ValueError(
                f"Only the champion is named {CHAMPION!r}, but got (name={self.name!r}, role={self.role!r}). "
                "Rename the candidate or change its role."
            )
        return self

    @property
    def as_kept(self) -> Params:
        """The parameters as the set of which it is a version has them."""
        return {name: value for name, value in self.params.items() if name not in self.added} | self.left_out


class Scenario(Declared):
    """One condition of evaluation, such as a day or a region.

    Example::

        Scenario("rainy monday", {"demand": 1.3, "rain": True})

    :param name: what tables and reports call it; 200 characters at most.
    :param values: what a program needs to know of it, by name; text, finite numbers, booleans or None.
    :param period: what data its evaluations work on; None for the period of the whole evaluation.
    :raises DeclarationError: when two names would be the same environment variable.
    """

    name: Name
    values: dict[str, Choice] = {}
    period: Period | None = None

    def __init__(
        self,
        name: str = REQUIRED,
        values: dict[str, Choice] | None = None,
        period: Period | None = None,
        *unnamed: Any,
        **options: Any,
    ) -> None:
        given = {"name": name, "values": {} if values is None else values, "period": period, **options}
        super().__init__(*unnamed, **given)

    @field_validator("values")
    @classmethod
    def _distinct(cls, values: dict[str, Choice]) -> dict[str, Choice]:
        if two := clash(values):
            raise ValueError(
                f"A scenario's values must differ as environment variables, but got {two[0]!r} and {two[1]!r}, "
                f"both HPO_SCENARIO_{variable(two[0])}. Rename one."
            )
        return values


def folds(count: int) -> list[Scenario]:
    """Return the folds of a cross-validation as scenarios: a trial is trained once without each, and measured on that one.

    A program reads ``HPO_SCENARIO_FOLD`` and ``HPO_SCENARIO_FOLDS``, a function ``trial.scenario.values["fold"]``.

    Example::

        Study(name="forest", objective="loss", space={"depth": Int(1, 9)}, max_trials=20, scenarios=folds(5))

    :param count: how many, 2 or more. They are named ``fold_0``, ``fold_1`` and so on, and have the values ``fold``, counted from 0, and
        ``folds``, which is ``count``.
    :raises DeclarationError: when it is no whole number, or less than 2.
    """
    if not isinstance(count, int) or isinstance(count, bool) or count < 2:
        raise DeclarationError(f"There are 2 folds or more, but got {count!r}. Write folds(5).")
    return [Scenario(f"fold_{number}", {"fold": number, "folds": count}) for number in range(count)]


def listed_scenarios(given: Sequence[Any]) -> list[Scenario]:
    """Return listed scenarios, of which some may be names alone, or plain data.

    :raises DeclarationError: when something is no scenario, or one is named twice.
    """
    wrong = next((each for each in given if not isinstance(each, str | Scenario | Mapping)), None)
    if wrong is not None:
        meant = repr(str(wrong)) if isinstance(wrong, int | float) else "Scenario('monday')"
        raise DeclarationError(
            f"A scenario is a Scenario or a name, but got {brief_repr(wrong)}. Write scenarios=[{meant}, ...]."
        )
    found = [each if isinstance(each, Scenario) else _scenario(each) for each in given]
    if twice := named_twice("scenario", [each.name for each in found]):
        raise DeclarationError(twice)
    return found


def named_twice(kind: str, names: Sequence[Any]) -> str | None:
    """Return why names of candidates, scenarios or variants are refused of which one is there twice; None where each is once."""
    twice = first_twice(names)
    return None if twice is None else f"Every {kind} runs once, but {twice!r} is named twice. Drop or rename one."


def _scenario(given: str | Mapping[str, Any]) -> Scenario:
    return Scenario(given) if isinstance(given, str) else Scenario.from_dict(dict(given))


class Plan(Declared):
    """Every candidate under every scenario, variant and replicate, with common random numbers.

    A seed depends on scenario and replicate alone: all candidates get the same, and so do all variants, so that
    differences between them are not differences of luck.
    """

    objective: Objective
    candidates: list[Candidate]
    scenarios: list[Scenario]
    variants: list[str] = [""]
    replicates: StrictInt = Field(default=1, ge=1)
    first_replicate: StrictInt = Field(default=1, ge=1)
    seed: StrictInt = Field(default=0, ge=0)
    period: Period | None = None

    @field_validator("scenarios", mode="before")
    @classmethod
    def _named_scenarios(cls, scenarios: Any) -> Any:
        return listed_scenarios(scenarios) if isinstance(scenarios, list | tuple) else scenarios

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        named = {
            "candidate": [each.name for each in self.candidates],
            "scenario": [each.name for each in self.scenarios],
            "variant": self.variants,
        }
        for kind, names in named.items():
            if not names:
                raise ValueError(f"An evaluation needs at least one {kind}, but got none. Write {kind}s=[...].")
            if twice := named_twice(kind, names):
                raise ValueError(twice)
        taken = [name for name in self.objective.metrics if name in (*KEYS, FAILURE)]
        if taken:
            raise ValueError(
                f"Metrics of evaluations are not called {', '.join((*KEYS, FAILURE))}, but got {taken[0]!r}. Rename the metric."
            )
        return self

    @property
    def size(self) -> int:
        """How many evaluations there are."""
        return math.prod((len(self.candidates), len(self.scenarios), len(self.variants), self.replicates))

    @property
    def last_replicate(self) -> int:
        """Number of the last repetition."""
        return self.first_replicate + self.replicates - 1

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with anything planned."""
        return fingerprint(self.to_dict())

    def seed_of(self, scenario: str, replicate: int) -> int:
        """Return the seed of an evaluation, the same for all candidates and variants."""
        return derived_seed(self.seed, scenario, replicate)

    def candidate(self, name: str) -> Candidate:
        """Return the candidate of that name."""
        return next(each for each in self.candidates if each.name == name)

    def scenario(self, name: str) -> Scenario:
        """Return the scenario of that name."""
        return next(each for each in self.scenarios if each.name == name)
