"""Answers about comparisons: what was compared, on what evidence, what was decided, and who agreed."""

from datetime import datetime
from typing import Any

from airflow_hpo.pages.models.answer import Answer
from airflow_hpo.pages.models.task import TaskPlace


class ApprovalAsked(Answer):
    """The newest question about a comparison, and its answer once there is one."""

    choice: str | None
    by: str | None
    asked_at: datetime
    until: datetime | None
    answered_at: datetime | None
    task: TaskPlace


class ComparisonLine(Answer):
    """One comparison in a list."""

    id: int
    family: str
    parameter_set: str | None
    verdict: str
    sentence: str
    created_at: datetime
    dag_id: str | None
    run_id: str | None
    task_id: str | None
    champion_version: int | None
    look: int
    answer: ApprovalAsked | None


class Comparisons(Answer):
    """A list of comparisons, the newest first."""

    comparisons: list[ComparisonLine]


class Named(Answer):
    """An edition: its number for addresses, and its name."""

    id: int
    name: str


class TrialPlace(Answer):
    """The trial of a tuned edition that a candidate is."""

    study: int
    number: int


class PeriodNamed(Answer):
    """What data were compared on, or were tuned on."""

    name: str
    start: datetime
    end: datetime


class MissingResult(Answer):
    """An evaluation without a result, and why."""

    scenario: str
    who: str
    reason: str


class EffectFound(Answer):
    """By how much the challenger is better, below 0 when it is worse, with what chance leaves open."""

    estimate: float | None
    low: float | None
    high: float | None
    scale: str
    unit: str | None
    confidence: float | None


class ErrorSpent(Answer):
    """What a comparison took of the error budget of its parameter set."""

    budget: float | None
    charged: float | None
    left: float | None
    sentence: str | None


class ScenarioDifference(Answer):
    """One scenario as it was compared: means over its replicates and variants, above 0 where the challenger is better."""

    scenario: str
    champion: float | None
    challenger: float | None
    difference: float | None


class EvaluationPair(Answer):
    """Two evaluations under the same conditions."""

    scenario: str
    variant: str | None
    replicate: int | None
    champion: float | None
    challenger: float | None
    difference: float | None


class VariantMeans(Answer):
    """Old and new parameters under one variant."""

    variant: str
    champion: float | None
    challenger: float | None
    estimate: float | None
    low: float | None
    high: float | None


class GuardrailFound(Answer):
    """A metric that must not get worse by more than a margin, and what was shown of it."""

    metric: str
    direction: str
    scale: str
    margin: float
    champion: float | None
    challenger: float | None
    estimate: float | None
    low: float | None
    high: float | None
    p_value: float | None
    kept: bool | None
    sentence: str


class CandidateFound(Answer):
    """A finalist: what its study said of it, what it is worth when it is measured again, and by how much the study overstated it."""

    label: str
    validated: float | None
    tuned: float | None
    inflation: float | None


class ParameterChange(Answer):
    """A parameter that differs between champion and challenger."""

    name: str
    champion: Any
    challenger: Any


class MayAnswer(Answer):
    """What the person who looks may do."""

    answer: bool = False


class ComparisonDetail(ComparisonLine):
    """One comparison with everything behind it; what its release did not keep is null or empty."""

    metric: str | None
    direction: str | None
    champion_label: str | None
    challenger_label: str | None
    challenger_trial: TrialPlace | None
    windows: list[PeriodNamed]
    scenarios: int
    effective: float | None
    replicates: int | None
    missing: list[MissingResult]
    looks: int | None
    next_look: int | None
    min_improvement: float | None
    effect: EffectFound | None
    p_value: float | None
    level: float | None
    error: ErrorSpent
    by_scenario: list[ScenarioDifference]
    pairs: list[EvaluationPair]
    variants: list[VariantMeans]
    guardrails: list[GuardrailFound]
    candidates: list[CandidateFound]
    changes: list[ParameterChange]
    remarks: list[str]
    report: str
    evaluations: list[Named]
    study: Named | None
    may: MayAnswer = MayAnswer()
