"""Operators for the first and the last task of a trial that is a group of the author's own tasks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from airflow_hpo.core.attempt import Backend
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.exceptions import PermanentHpoError, TrialFailedError
from airflow_hpo.operators.context import permanent_errors_end_the_task, task_try_of
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.runners.function import FunctionTrial
from airflow_hpo.trials.run import TrialRun

if TYPE_CHECKING:
    import jinja2

TOLD = ("number", "seed", "period", "candidate", "scenario", "variant", "replicate")
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

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the trial request with its parameters."""
        with permanent_errors_end_the_task():
            run = self.claimed_run(context)
            if known := run.answer():
                raise AirflowSkipException(f"Trial {known.number} is {known.state} in the study.")
            if run.begin(task_try_of(context), self.backend, self.placement()):
                raise AirflowSkipException(run.refusal)
        request = run.claimed.request
        for name, value in request.params.items():
            context["ti"].xcom_push(f"params.{name}", value)
        told = request.model_dump(mode="json", include=set(TOLD))
        for name in TOLD:
            context["ti"].xcom_push(name, told[name])
        return request.to_dict()


class TrialOutcomeOperator(TrialOperator):
    """Tells the study what a group of tasks has come to.

    Runs however the tasks ended; without a value the trial failed. Whether a trial that has a result runs again is decided
    where its group opens: a value that was brought before makes no new trial.

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
            if known := run.answer():
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
