"""What Airflow's tasks do to a study, one call each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType, SimpleNamespace
from typing import Any

from airflow_hpo.core.afresh import RunFacts
from airflow_hpo.core.attempt import Attempt, TaskRun, TaskTry
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import UNKNOWN, Placement
from airflow_hpo.core.progress import Progress
from airflow_hpo.core.space.space import Categorical, Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import FailureKind, TrialRecord, TrialRequest, TrialResult, TrialState
from airflow_hpo.core.work import Work
from airflow_hpo.storage import attempts
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import suggest
from airflow_hpo.trials.claim import Claim, Reruns, begin, claim
from airflow_hpo.trials.conclude import conclude, fail
from airflow_hpo.trials.reporter import TrialReporter

START = TaskTry(TaskRun("tune", "r", "tune.start"))
WORK = Work("0f" * 8)
RETRIES = 2


def declared(**options: Any) -> Study:
    """Return a small study, or a variant of it."""
    given: dict[str, Any] = {
        "name": "demo",
        "space": {"x": Float(0, 1), "kind": Categorical(["a", "b"])},
        "objective": {"metric": "loss", "extra_metrics": ["time_s"]},
        "max_trials": 10,
        "parallelism": 4,
        "batch_size": 2,
        "sampler": "random",
    }
    return Study(**{**given, **options})


def task_try_of(key: str, try_number: int = 1, retries: int = RETRIES) -> TaskTry:
    """Return the try of the mapped trial task that runs a key."""
    batch, _, index = key.partition("/")
    return TaskTry(TaskRun("tune", "r", f"tune.batch_{batch}.trial", int(index), try_number), retries)


def _work(given: Work | str) -> Work:
    return given if isinstance(given, Work) else Work(given)


class Tuned:
    """An open edition, and what its tasks do."""

    def __init__(self, store: Store, study: Study, run: str = "r", data_until: datetime | None = None) -> None:
        self.store, self.study = store, study
        self.name = open_edition(store, study, run, START, facts=RunFacts(data_until=data_until)).name

    def suggest(self, batch: int = 1) -> list[TrialRequest]:
        return suggest(self.store, self.name, batch)

    def claim(
        self, request: TrialRequest, try_number: int = 1, work: Work | str = WORK, rerun: Reruns = "changed"
    ) -> Claim:
        return claim(self.store, request, _work(work), task_try_of(request.key, try_number), rerun)

    def begin(self, claimed: Claim, try_number: int = 1, backend: str = "process") -> Attempt:
        key = claimed.request.key.partition("#")[0]
        return begin(self.store, claimed, task_try_of(key, try_number), backend, Placement(host="here"))

    def started(self, request: TrialRequest, try_number: int = 1, **how: Any) -> tuple[Claim, Attempt]:
        claimed = self.claim(request, try_number, **how)
        return claimed, self.begin(claimed, try_number)

    def in_pod(self, request: TrialRequest, try_number: int = 1) -> Attempt:
        """Begin an attempt whose pod waits for its node."""
        return self.begin(self.claim(request, try_number), try_number, "pod")

    def conclude(
        self,
        claimed: Claim,
        attempt: Attempt,
        value: float = 1.0,
        pruned: bool = False,
        problems: tuple[str, ...] = (),
        placement: Placement = UNKNOWN,
        metrics: Mapping[str, float] = MappingProxyType({"time_s": 2.0}),
    ) -> TrialResult:
        ended, measured = Outcome.pruned if pruned else Outcome.complete, Measurement(value, metrics, problems)
        return conclude(self.store, attempt, ended(measured, placement=placement))

    def complete(
        self,
        request: TrialRequest,
        value: float = 1.0,
        try_number: int = 1,
        problems: tuple[str, ...] = (),
        placement: Placement = UNKNOWN,
        metrics: Mapping[str, float] = MappingProxyType({"time_s": 2.0}),
        **how: Any,
    ) -> TrialResult:
        started = self.started(request, try_number, **how)
        return self.conclude(*started, value, problems=problems, placement=placement, metrics=metrics)

    def report(self, attempt: Attempt, values: Mapping[int, float], metric: str = "loss") -> bool:
        """Report values by step, as a running attempt does."""
        points = [SeriesPoint(metric, step, value) for step, value in values.items()]
        return TrialReporter(self.store, self.study, attempt)(points)

    def fail(
        self,
        request: TrialRequest,
        kind: str = "program",
        try_number: int = 1,
        program_retries: int = 0,
        retries: int = RETRIES,
        exit_code: int = 3,
        reason: str = "It broke.",
        **how: Any,
    ) -> bool:
        _, attempt = self.started(request, try_number, **how)
        outcome = Outcome.failed(reason, FailureKind(kind), exit_code=exit_code, tail=["a", "b"])
        return fail(self.store, attempt, outcome, task_try_of(request.key, try_number, retries), program_retries)

    def records(self) -> list[TrialRecord]:
        return self.store.optuna.records(self.name)

    def states(self) -> list[TrialState]:
        return [record.state for record in self.records()]

    def progress(self) -> Progress:
        return status(self.store, self.name).progress

    def attempts(self, number: int | None = None) -> list[Attempt]:
        with self.store.session() as session:
            return attempts.of(session, self.name, number)


def task_instance(request: TrialRequest, try_number: int = 1) -> Any:
    """Return what a trial task's context knows of its own try: index and batch are those of the request's key."""
    batch, _, index = request.key.partition("/")
    return SimpleNamespace(
        dag_id="tune",
        run_id="r",
        task_id=f"tune.batch_{batch}.trial",
        map_index=int(index),
        try_number=try_number,
        max_tries=2,
        start_date=datetime.now(UTC),
        xcom_push=lambda key, value: None,
    )
