"""The first and the last task of a trial that is a group of the author's own tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.backend import Backend
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import PermanentHpoError, TrialFailedError
from airflow_hpo.operators.errors import permanent_errors_end_the_task
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.runners.function import FunctionTrial
from airflow_hpo.trials.claim import Claim, continued
from airflow_hpo.trials.conclude import conclude
from airflow_hpo.trials.reporter import TrialReporter

TOLD = ("number", "seed", "period", "candidate", "scenario", "variant", "replicate")
"""What later tasks are told beside the parameters, one XCom each; None where it does not apply."""


class TrialOpenOperator(TrialOperator):
    """Takes up a trial and hands its parameters to the tasks that follow, one XCom each (``params.x``).

    Skipped, and with it the group's tasks, when the study has the trial's result already or wants none any more.

    :param code: what tells one version of the group's tasks from another, such as their source.
    :param request: a trial request as ``suggest`` returns it.
    """

    template_fields: Sequence[str] = ()
    backend = Backend.GROUP
    work_fields: ClassVar[Sequence[str]] = ("code",)

    def __init__(self, *, code: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.code = code

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the trial request with its parameters."""
        with permanent_errors_end_the_task():
            claimed = self.claimed or self._claim(context, self.work())
            if claimed.answered:
                raise AirflowSkipException(f"Trial {claimed.record.number} is {claimed.record.state} in the study.")
            attempt = self.begin(context, claimed)
            if reason := self.refusal(attempt, self.studies.store.edition(attempt.study)):
                conclude(self.studies.store, attempt, Outcome.pruned(reason=reason))
                raise AirflowSkipException(reason)
        for name, value in claimed.request.params.items():
            context["ti"].xcom_push(f"params.{name}", value)
        told = claimed.request.model_dump(mode="json", include=set(TOLD))
        for name in TOLD:
            context["ti"].xcom_push(name, told[name])
        return claimed.request.to_dict()


class TrialOutcomeOperator(TrialOperator):
    """Tells the study what a group of tasks has come to.

    Runs however the tasks ended; without a value the trial failed. Whether a trial that has a result runs again is decided
    where its group opens: a value that was brought before makes no new trial.

    :param value: what the last task returned: the objective, or a mapping of metric names to values. Templated.
    :param code: the same as for :class:`TrialOpenOperator`.
    :param request: a trial request as ``suggest`` returns it.
    """

    template_fields: Sequence[str] = ("value",)
    backend = Backend.GROUP
    work_fields: ClassVar[Sequence[str]] = ("code",)

    def __init__(self, *, value: Any, code: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value
        self.code = code
        self.rerun = "failed"

    def run_trial(self, context: Context, study: Study, request: TrialRequest, report: TrialReporter) -> Outcome:
        """Take the value that the tasks returned."""
        if self.value is None:
            raise TrialFailedError(
                "The trial's last task returned no value: it or one before it failed. See their logs."
            )
        return Outcome.complete(FunctionTrial(request, study.objective, report).finish(self.value))

    def _claim(self, context: Context, work: str) -> Claim:
        claimed = super()._claim(context, work)
        if claimed.record.invalid is not None:
            raise PermanentHpoError(
                f"The result of trial {claimed.record.number} was taken back ({claimed.record.invalid}), and the value that "
                "this task got is the same. Clear the group's first task, `open`, with everything downstream."
            )
        return claimed

    def begin(self, context: Context, claimed: Claim) -> Attempt:
        """Go on with the attempt that the group's first task began."""
        return continued(self.studies.store, claimed) or super().begin(context, claimed)

    def refusal(self, attempt: Attempt, edition: Edition) -> str | None:
        """Return None: the group's tasks have run, and what they came to is told."""
        return None
