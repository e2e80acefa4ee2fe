"""Operators for the first and the last task of a trial that is a group of the author's own tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_hpo.core.attempt import Backend
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import TrialState
from airflow_hpo.exceptions import PermanentHpoError, TrialFailedError
from airflow_hpo.hooks.dag_runs import key_of_task, task_states
from airflow_hpo.operators.context import permanent_errors_end_the_task, task_try_of
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.runners.function import FunctionTrial
from airflow_hpo.trials.run import TrialRun

if TYPE_CHECKING:
    import jinja2

FAILED = ("failed", "upstream_failed")
TOLD = ("number", "seed", "slot", "period", "candidate", "scenario", "variant", "replicate")
"""What later tasks get besides the parameters, one XCom each; None where it does not apply."""


class TrialOpenOperator(TrialOperator):
    """Takes up a trial and hands its parameters to the tasks that follow, one XCom each (``params.x``).

    Skipped, and with it the group's tasks, when the study has the trial's result already or wants none any more.

    :param code: what tells one version of the group's tasks from another, such as their source.
    :param version: more of the same, such as a fingerprint of what the source refers to.
    :param files: paths of files and folders that decide the value.
    :param request: a trial request as ``suggest`` returns it.
    """

    template_fields: Sequence[str] = ()
    backend = Backend.GROUP
    work_fields: ClassVar[Sequence[str]] = ("code",)
    further_work_fields: ClassVar[Sequence[str]] = ("version",)

    def __init__(self, *, code: str, version: str = "", files: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(code=files, **kwargs)
        self.code = code
        self.version = version
        self.asked_for: set[str] = set()
        """Names of the parameters that the group's tasks take."""

    def fail_before_it_begins(self, context: Context, reason: str) -> NoReturn:
        """Fail without an attempt: the group's last task, which runs in any case, records the same reason."""
        raise AirflowFailException(reason)

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the trial request with its parameters."""
        with permanent_errors_end_the_task():
            run = self.claimed_run(context)
            if known := run.answer():
                self.show_end(context, run, known.state, known.value)
                raise AirflowSkipException(f"Trial {known.number} is {known.state} in the study.")
            if self.begin(context, run):
                raise AirflowSkipException(run.refusal)
        request = run.claimed.request
        asked_for = {name for name in self.asked_for if request.may_lack(name, run.study.space)}
        for name in asked_for.union(request.params):
            context["ti"].xcom_push(f"params.{name}", request.params.get(name))
        told = request.model_dump(mode="json", include=set(TOLD))
        for name in TOLD:
            context["ti"].xcom_push(name, told[name])
        return request.to_dict()


class TrialOutcomeOperator(TrialOperator):
    """Tells the study what a group of tasks has come to.

    Runs however the tasks ended; without a value the trial failed. A value counts when the last task has succeeded: what an
    earlier run of it returned is still there when it fails or is skipped.

    A trial that has a result gets another one when some of its tasks ran again by themselves and brought other numbers: a new
    trial with the same parameters, which replaces it. The same numbers make no new trial. Whether all of it runs again is
    decided where its group opens.

    :param value: what the last task returned: the objective, or a mapping of metric names to values. Templated.
    :param code: the same as for :class:`TrialOpenOperator`.
    :param version: the same as for :class:`TrialOpenOperator`.
    :param files: the same as for :class:`TrialOpenOperator`.
    :param request: a trial request as ``suggest`` returns it.
    """

    template_fields: Sequence[str] = ("value",)
    backend = Backend.GROUP
    work_fields: ClassVar[Sequence[str]] = ("code",)
    further_work_fields: ClassVar[Sequence[str]] = ("version",)

    def __init__(self, *, value: Any, code: str, version: str = "", files: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(code=files, **kwargs)
        self.value = value
        self.code = code
        self.version = version
        self.rerun = "failed"

    def execute(self, context: Context) -> dict[str, Any]:
        """Tell the study the value, or that there is none."""
        with permanent_errors_end_the_task():
            run = self.claimed_run(context)
            if missing := self._without_success(context):
                self._drop_value(run, missing)
            if run.claimed.answered and self._brings_other_numbers(run):
                run.claim_anew("its tasks ran again and brought other numbers")
            if known := run.answer():
                self.show_end(context, run, known.state, known.value)
                return known.to_dict()
            run.take_over(task_try_of(context), self.backend, self.placement())
            return self.ended(context, run, partial(self.run_trial, context, run)).to_dict()

    def run_trial(self, context: Context, run: TrialRun) -> Outcome:
        """Take the value that the tasks returned."""
        if self.value is None:
            raise TrialFailedError(
                "The trial's last task returned no value: it or one before it failed. See their logs."
            )
        trial = FunctionTrial(run.claimed.request, run.study.objective, run.reporter)
        return Outcome.complete(trial.finish(self.value))

    def _without_success(self, context: Context) -> dict[str, str]:
        """Return the states of the group's first and last tasks that have not succeeded, by task."""
        mine = task_try_of(context).task
        before = [replace(mine, task_id=name) for name in sorted(self.upstream_task_ids)]
        states = task_states(before) if before else {}
        found = {task.task_id: states.get(key_of_task(task), "success") for task in before}
        return {task_id: str(state) for task_id, state in found.items() if state != "success"}

    def _brings_other_numbers(self, run: TrialRun) -> bool:
        record, objective = run.claimed.record, run.study.objective
        if self.value is None or record.state is not TrialState.COMPLETE:
            return False
        brought = FunctionTrial(run.claimed.request, objective, lambda points: False).finish(self.value)
        finite = {name: value for name, value in brought.metrics.items() if math.isfinite(value)}
        extra = objective.extra_metrics
        return brought.value != record.value or any(finite.get(name) != record.metrics.get(name) for name in extra)

    def _drop_value(self, run: TrialRun, missing: Mapping[str, str]) -> None:
        """Forget what an earlier run of the last task returned; a failure while there is a stored result is one of this task."""
        self.value = None
        failed = [f"{name} is {state}" for name, state in missing.items() if state in FAILED]
        if failed and run.claimed.answered:
            record = run.claimed.record
            raise AirflowFailException(
                f"Trial {record.number} keeps its result, {record.value}, but its tasks ran again and failed: "
                f"{', '.join(failed)}. Clear the task that failed, with everything downstream."
            )

    def claimed_run(self, context: Context, jinja_env: jinja2.Environment | None = None) -> TrialRun:
        """Return the trial of this task, claimed; a result that was taken back needs the group's tasks to run again."""
        run = super().claimed_run(context, jinja_env)
        record = run.claimed.record
        if record.invalid is not None:
            raise PermanentHpoError(
                f"The result of trial {record.number} was taken back ({record.invalid}), and the value that "
                "this task got is the same. Clear the group's first task, `open`, with everything downstream."
            )
        return run
