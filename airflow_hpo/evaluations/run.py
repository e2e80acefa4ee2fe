"""Evaluation of candidates as a grid of trials, so that attempts, retries, failures and reruns are those of trials.

The grid's points are names. The plan, which is stored with the edition and never changes, holds what they stand for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_hpo.core.afresh import UNKNOWN, Opening, RunFacts, answered_from
from airflow_hpo.core.attempt import Attempt, TaskTry, by_trial
from airflow_hpo.core.budget import End
from airflow_hpo.core.evaluation import FAILURE, KEYS, TAKEN_BACK, Plan
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.space.space import Categorical, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import FailureKind, TrialRecord, TrialRequest, TrialState
from airflow_hpo.core.trial_key import key_of
from airflow_hpo.evaluations.origins import check_origins
from airflow_hpo.exceptions import ComparisonError
from airflow_hpo.storage import attempts, editions, evaluations
from airflow_hpo.storage.evaluations import Evaluation
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.open import opened
from airflow_hpo.studies.store import Store

if TYPE_CHECKING:
    import pandas as pd

BATCH = 1
"""All evaluations of a plan are one batch."""


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """Result of an evaluation: its edition, and which of its trials have a value."""

    evaluation: Evaluation
    complete: int
    missing: list[dict[str, Any]]
    """Evaluations without a result: the four keys and the reason."""
    answered: str | None = None
    """What was not measured since the DAG run started, one sentence; None when all was."""

    @property
    def data(self) -> dict[str, Any]:
        """The same, small enough for XCom."""
        return {
            "evaluation": self.evaluation.edition,
            "look": self.evaluation.look,
            "complete": self.complete,
            "failed": len(self.missing),
            "missing": self.missing,
            "answered": self.answered,
            "candidates": [candidate.to_dict() for candidate in self.evaluation.plan.candidates],
        }

    def __str__(self) -> str:
        return f"{self.complete} of {self.evaluation.plan.size} evaluations are complete."


def grid_of(plan: Plan, family: str, parallelism: int | None = None) -> Study:
    """Return the study that runs a plan as a grid."""
    return Study(
        name=family,
        # A goal would end the study as soon as one evaluation is good.
        objective=plan.objective.model_copy(update={"goal": None}),
        space={
            "candidate": Categorical([candidate.name for candidate in plan.candidates]),
            "scenario": Categorical([scenario.name for scenario in plan.scenarios]),
            "variant": Categorical(plan.variants),
            "replicate": Int(plan.first_replicate, plan.last_replicate),
        },
        sampler="grid",
        count="finished",
        max_failures=plan.size,
        parallelism=parallelism,
        seed=plan.seed,
    )


def run_of(plan: Plan, run: str) -> str:
    """Return what tells the editions of an evaluation apart: its run and its plan."""
    return f"{run}.{plan.fingerprint[:8]}"


@retried
def open_evaluation(
    store: Store,
    plan: Plan,
    family: str,
    run: str,
    place: TaskTry,
    *,
    parallelism: int | None = None,
    look: int = 1,
    after: DagRunKey | None = None,
    timezone: str = "UTC",
    facts: RunFacts = UNKNOWN,
    opening: Opening | None = None,
) -> Evaluation:
    """Create the edition of a plan, or reopen it; another plan is another edition, so that nothing is mixed.

    Who may evaluate the study is checked before, by ``studies.owner``.
    """
    check_origins(store, plan.candidates)
    study = grid_of(plan, family, parallelism)
    edition = opened(store, study, run_of(plan, run), place, after, timezone, facts, opening)
    with store.session() as session:
        return evaluations.keep(session, edition.name, plan, look=look)


@retried
def evaluation_requests(store: Store, evaluation: Evaluation) -> list[TrialRequest]:
    """Return one request for each evaluation of a plan; asking again returns the same ones."""
    plan, name = evaluation.plan, evaluation.edition
    keys = [key_of(BATCH, index) for index in range(plan.size)]
    asked = store.optuna.ask(name, store.edition(name).study, keys)
    return [request.model_copy(update=_circumstances(plan, request.params)) for request in asked]


@retried
def conclude_evaluation(store: Store, name: str, since: datetime | None = None) -> EvaluationResult:
    """Count the results of an evaluation and end its edition. A repeated call counts again.

    :raises ComparisonError: while some of its trials have not ended.
    """
    evaluation = store.read(evaluations.get, name)
    records = store.optuna.records(name)
    own = own_trials(records)
    if running := [record.number for record in own if not record.state.finished]:
        raise ComparisonError(
            f"Evaluations are counted when all have ended, but {len(running)} of {evaluation.plan.size} in {name!r} have "
            f"not: such as trial {running[0]}. Clear this task again when they have."
        )
    reasons = _reasons(store, name)
    missing = [
        {**_keys(record.params), "reason": reasons.get(record.number)}
        for record in own
        if record.state is not TrialState.COMPLETE
    ]
    outcome = EvaluationResult(evaluation, len(own) - len(missing), missing, answered_from(own, since))
    with store.session() as session:
        editions.finish(session, name, End.MAX_TRIALS, str(outcome))
    return outcome


def require_end(store: Store, name: str) -> None:
    """Raise unless an evaluation was collected.

    :raises ComparisonError: when it was not.
    """
    if not store.edition(name).ended:
        raise ComparisonError(
            f"An evaluation is used when it has ended, but {name!r} has not. Clear its task collect, and what follows."
        )


@retried
def answered_evaluations(store: Store, names: Iterable[str], since: datetime | None) -> str | None:
    """Say what of some evaluations was not measured since a DAG run started; None when all was."""
    own = [record for name in names for record in own_trials(store.optuna.records(name, details=False))]
    return answered_from(own, since)


def evaluation_rows(store: Store, name: str) -> list[dict[str, Any]]:
    """Return every evaluation of an edition once, reruns in place of what they replace; those that failed have no metrics."""
    plan = store.read(evaluations.get, name).plan
    known = by_trial(store.read(attempts.of, name))
    records = store.optuna.records(name)
    # What was taken back and not run again is no trial that counts, but its place is not empty: a row says why it has no value.
    every = {tuple(_keys(record.params).values()): record for record in records if record.invalid}
    every |= {tuple(_keys(record.params).values()): record for record in own_trials(records)}
    ordered = sorted(every.values(), key=lambda record: record.number)
    return [_row(name, plan, record, known.get(record.number, [])) for record in ordered]


def _row(name: str, plan: Plan, record: TrialRecord, known: Sequence[Attempt]) -> dict[str, Any]:
    keys = _keys(record.params)
    complete = record.state is TrialState.COMPLETE
    values = {plan.objective.metric: record.value, **record.metrics}
    return {
        **keys,
        "evaluation": name,
        "number": record.number,
        "state": record.state.value,
        "seed": plan.seed_of(keys["scenario"], keys["replicate"]),
        "reason": known[-1].reason if known else None,
        FAILURE: None if complete else _failure_kind(record, known),
        **{metric: values.get(metric) if complete else None for metric in plan.objective.metrics},
    }


def _failure_kind(record: TrialRecord, known: Sequence[Attempt]) -> str | None:
    """Return the kind of failure that counts: a program that failed once is not excused by what failed after it."""
    if record.invalid:
        return TAKEN_BACK
    if not known:
        return FailureKind.INFRASTRUCTURE.value  # It never began, so its program did not fail.
    kinds = [each.kind for each in known if each.kind]
    programs = (FailureKind.PROGRAM, FailureKind.NO_OUTPUT, FailureKind.NO_NEWS)
    found = next((kind for kind in kinds if kind in programs), kinds[-1] if kinds else None)
    return found.value if found else None


def _circumstances(plan: Plan, point: Mapping[str, Any]) -> dict[str, Any]:
    keys = _keys(point)
    scenario = plan.scenario(keys["scenario"])
    return {
        **keys,
        "params": plan.candidate(keys["candidate"]).params,
        "scenario": scenario,
        "seed": plan.seed_of(keys["scenario"], keys["replicate"]),
        "period": scenario.period or plan.period,
    }


def _keys(point: Mapping[str, Any]) -> dict[str, Any]:
    return {key: point[key] for key in KEYS}


def _reasons(store: Store, name: str) -> dict[int, str | None]:
    return {attempt.number: attempt.reason for attempt in store.read(attempts.of, name)}


def evaluations_frame(store: Store, names: Iterable[str]) -> pd.DataFrame:
    """Return the evaluations of some editions, one a row, as a comparison takes them; failed ones lack their metrics."""
    import pandas as pd

    return pd.DataFrame([row for name in names for row in evaluation_rows(store, name)])
