"""Answers about the trials of a study: columns of all, one whole, attempts, failures and curves."""

from __future__ import annotations

from typing import Any, Literal

from airflow_hpo.pages.models.answer import Answer
from airflow_hpo.pages.models.task import TaskPlace

State = Literal["running", "waiting", "complete", "pruned", "failed"]
Comes = Literal["champion", "start_point", "warm_start", "known", "by_hand", "rerun"]
Choice = float | int | str | bool | None


class Columns(Answer):
    """Trials from a number on, one list a column; times are in seconds since 1970."""

    since: int
    next: int
    """The lowest number that may still change, to be asked for next."""
    total: int
    """How many trials the study has, and not only this answer."""
    number: list[int]
    state: list[State]
    value: list[float | None]
    value_marks: dict[int, str]
    """What the values are that JSON cannot hold, by the number of the trial: ``nan``, ``inf`` or ``-inf``."""
    started: list[float | None]
    finished: list[float | None]
    params: dict[str, list[Choice]]
    attempts: list[int]
    kind: list[str | None]
    """Of the attempt that counts, as what follows: its failure, its place and its task."""
    origin: list[Comes | None]
    feasible: list[bool | None]
    batch: list[str | None]
    pod: list[str | None]
    node: list[str | None]
    task: list[str | None]
    map_index: list[int | None]
    try_number: list[int | None]
    superseded: dict[int, int]
    """The trial that ran another one again, by the number of that one; of all trials of the study."""
    invalid: list[int]
    """Trials with a result that was taken back; of all trials of the study."""


class LinkTold(Answer):
    """A link that a program printed."""

    text: str
    url: str


class RemarksTold(Answer):
    """What a program has said besides its metrics."""

    notes: list[str]
    links: list[LinkTold]
    spans: dict[str, float]


class Curve(Answer):
    """What an attempt reported of a metric; values that JSON cannot hold are null."""

    name: str
    steps: list[int]
    values: list[float | None]


class AttemptTold(Answer):
    """One run of a trial."""

    attempt: int
    outcome: str
    kind: str | None
    reason: str | None
    waits_for: str | None
    """What it waits for, as a person reads it; null once its program runs."""
    verdict: str | None
    exit_code: int | None
    problems: list[str]
    log_tail: str | None
    backend: str
    started_at: str
    finished_at: str | None
    seconds: dict[str, float]
    place: dict[str, Any]
    remarks: RemarksTold
    task: TaskPlace
    curves: list[Curve]
    command: str | None
    """The command that ran; null, because it is not stored yet."""


class Simulation(Answer):
    """The simulation of one scenario of a trial that counts."""

    scenario: str
    number: int
    state: State
    value: float | None
    attempts: list[AttemptTold]


class TrialDetail(Answer):
    """All of one trial."""

    study: int
    number: int
    state: State
    value: float | None
    value_mark: str | None
    metrics: dict[str, float]
    params: dict[str, Choice]
    origin: Comes | None
    feasible: bool | None
    broken: list[str]
    replaces: int | None
    replaced_by: int | None
    invalid: str | None
    """Why its result was taken back, one sentence; null while it counts."""
    oddities: list[str]
    attempts: list[AttemptTold]
    simulations: list[Simulation]


class AttemptColumns(Answer):
    """All attempts of a study, one list a column; times are in seconds since 1970."""

    number: list[int]
    scenario: list[str | None]
    """Of a study with scenarios the one that the attempt simulates; ``number`` is that of the trial all the same."""
    attempt: list[int]
    started: list[float]
    finished: list[float | None]
    outcome: list[str]
    kind: list[str | None]
    waiting: list[float]
    """Seconds before its program ran: of the pool, the node, the image and the start."""
    pod: list[str | None]
    node: list[str | None]
    slot: list[int | None]


class Failure(Answer):
    """Trials that failed for one and the same reason."""

    kind: str
    sentence: str
    count: int
    numbers: list[int]
    """The first of them."""
    allowed: bool
    """Whether the study goes on in spite of them."""


class Failures(Answer):
    """Why trials of a study failed, the most frequent reason first."""

    failures: list[Failure]


class TrialCurve(Answer):
    """What a trial reported of the objective."""

    number: int
    steps: list[int]
    values: list[float | None]


class Curves(Answer):
    """What some trials reported of the objective."""

    curves: list[TrialCurve]
