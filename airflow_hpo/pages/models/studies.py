"""Answers about studies: lines of lists, and one study with what a page shows around its trials."""

from datetime import datetime
from typing import Any, Literal

from airflow_hpo.pages.models.answer import Answer
from airflow_hpo.pages.models.comparisons import ComparisonLine

StudyState = Literal["running", "ended", "drained", "left"]


class Counts(Answer):
    """Trials that count, by state; those that wait have no running program yet."""

    complete: int = 0
    pruned: int = 0
    failed: int = 0
    running: int = 0
    waiting: int = 0


class Best(Answer):
    """The best trial."""

    number: int
    value: float | None
    params: dict[str, Any]


class StudyLine(Answer):
    """One edition in a list."""

    id: int
    name: str
    family: str
    run: str
    dag_id: str | None
    run_id: str | None
    group_id: str | None
    evaluates: bool
    state: StudyState
    end: str | None
    reason: str | None
    cause: str | None
    counts: Counts
    failures: dict[str, int]
    wanted: int
    metric: str
    direction: Literal["minimize", "maximize"]
    best: Best | None
    started_at: datetime
    finished_at: datetime | None
    seconds_left: float | None


class StudyList(Answer):
    """A part of a list, the newest first; ``next`` is the cursor of the following part."""

    studies: list[StudyLine]
    next: str | None
    total: int | None


class Parameter(Answer):
    """A parameter of the space as its file declares it."""

    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    choices: list[Any] | None = None
    condition: str | None = None


class Importance(Answer):
    """How much of the differences between values a parameter explains."""

    name: str
    share: float


class SettingsNow(Answer):
    """Settings as they are in force, and how far they may be raised while the study runs."""

    parallelism: int | None
    max_trials: int | None
    timeout_seconds: float | None
    sampler: str
    most_trials: int | None
    most_parallelism: int | None


class EditionLine(Answer):
    """Another edition of the same family."""

    id: int
    name: str
    run: str
    started_at: datetime


class ActLine(Answer):
    """What a person did to a running study."""

    act: str
    number: int | None
    by: str
    details: str
    at: datetime


class MayStudy(Answer):
    """What the person who looks may do to a study."""

    steer: bool
    clear: bool


class ChampionNow(Answer):
    """What production used of the parameter set that the study was compared for."""

    version: int
    params: dict[str, Any]


class StudyPage(StudyLine):
    """One edition with what its page shows around the trials."""

    sentence: str
    parameters: list[Parameter]
    metrics: list[str]
    scenarios: list[str]
    slots: int
    importance: list[Importance] | None
    importance_at: datetime | None
    bottleneck: str | None
    why: list[str]
    settings: SettingsNow
    differs: list[str]
    declaration: dict[str, Any]
    editions: list[EditionLine]
    comparisons: list[ComparisonLine]
    """Of its DAG run, the newest first."""
    acts: list[ActLine]
    may: MayStudy
    champion: ChampionNow | None


class WhyTrial(Answer):
    """Why one trial is not complete."""

    number: int
    state: str
    why: str


class Why(Answer):
    """What holds a study up, as the command ``airflow hpo studies why`` says it, and the sentence about its time."""

    study: list[str]
    trials: list[WhyTrial]


class DriftEdition(Answer):
    """The optimum of one edition."""

    id: int
    name: str
    started_at: datetime
    best_value: float | None
    best_params: dict[str, Any] | None
    end: str | None


class Promotion(Answer):
    """A moment at which production got other parameters."""

    at: datetime
    version: int


class Drift(Answer):
    """How the optimum moved from edition to edition, the oldest first."""

    editions: list[DriftEdition]
    promotions: list[Promotion]
