"""What every trial task does, whatever runs the trial: claim it, run it, tell the study."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, AirflowTaskTimeout

from airflow_hpo import conf
from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRequest, TrialState, TrialView
from airflow_hpo.exceptions import PermanentHpoError, TrialFailedError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.context import task_try_of
from airflow_hpo.operators.errors import permanent_errors_end_the_task
from airflow_hpo.studies.stop import must_not_start
from airflow_hpo.studies.suggest import ask_one
from airflow_hpo.trials.claim import Claim, Rerun, Reruns, answer, begin, claim
from airflow_hpo.trials.conclude import conclude, fail
from airflow_hpo.trials.history import history
from airflow_hpo.trials.monitor import TrialMonitor
from airflow_hpo.trials.reporter import TrialReporter
from airflow_hpo.triggers.study import StudyTrigger

if TYPE_CHECKING:
    import jinja2


class TrialOperator(BaseOperator):
    """Runs one trial of a study; subclasses say how.

    The trial is claimed before templates are rendered, so that ``{{ trial.params.x }}`` means the trial that really runs,
    and parameters never pass through Jinja themselves.

    :param request: a trial request as ``suggest`` returns it; one without a number asks for its own trial.
    :param hpo_conn_id: connection of the study database.
    :param rerun: when the study already has the trial's result: ``"changed"`` runs again only if what is run has changed,
        ``"always"`` runs again.
    :param program_retries: how often a trial whose own program failed is run again, 0 or more; other failures, such as a
        killed worker, are retried by the task's ``retries``, which is the limit of both.
    :param trial_task_id: id of a batch's trial task, with ``{batch}`` for its number: lets a trial that waits for a free
        slot give up those that nobody runs any more; empty: they are left alone.
    """

    backend: ClassVar[str]
    work_fields: ClassVar[Sequence[str]]
    """Arguments, as the author wrote them, that make a finished trial's result outdated when they change."""

    def __init__(
        self,
        *,
        request: Any,
        hpo_conn_id: str = HpoHook.default_conn_name,
        rerun: Rerun = "changed",
        program_retries: int = 0,
        trial_task_id: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.request = request
        self.hpo_conn_id = hpo_conn_id
        self.rerun: Reruns = rerun
        self.program_retries = program_retries
        self.trial_task_id = trial_task_id
        self.context: Context | None = None
        self.claimed: Claim | None = None
        self.attempt: Attempt | None = None
        self.report: TrialReporter | None = None

    @cached_property
    def studies(self) -> HpoHook:
        """The study database."""
        return HpoHook(self.hpo_conn_id)

    def run_trial(self, context: Context, study: Study, request: TrialRequest, report: TrialReporter) -> Outcome:
        """Run the trial to its end.

        :param context: Airflow's context.
        :param study: the declaration.
        :param request: the trial with its parameters.
        :param report: takes new points while the trial runs; True means: give up.
        :returns: how the attempt ended. An error that is raised instead is a failure too.
        """
        raise NotImplementedError

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the trial, unless the study has its result."""
        with permanent_errors_end_the_task():
            claimed = self.claimed or self._claim(context, self.work())
            if claimed.answered:
                self.log.info(
                    "Trial %s is %s in the study; nothing is run.", claimed.record.number, claimed.record.state
                )
                return answer(claimed).to_dict()
            return self._attempt(context, claimed)

    def execute_when_ready(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on after waiting for a free slot."""
        return self.execute(context)

    def work(self) -> str:
        """Return the fingerprint of what this task runs; taken before templates are rendered."""
        return fingerprint({name: _plain(getattr(self, name)) for name in self.work_fields})

    def _attempt(self, context: Context, claimed: Claim) -> dict[str, Any]:
        store = self.studies.store
        attempt, edition = self.begin(context, claimed), store.edition(claimed.request.study)
        self.log.info("Study %s, trial %s, attempt %s", claimed.request.study, claimed.record.number, attempt.attempt)
        for line in history(store, claimed.request.study, claimed.record, attempt):
            self.log.info("%s", line)
        for name, value in claimed.request.params.items():
            self.log.info("  %s = %s", name, value)
        self.report = TrialReporter(store, edition.study, attempt)
        run = partial(self.run_trial, context, edition.study, claimed.request, self.report)
        if reason := self.refusal(attempt, edition):
            run = partial(Outcome.pruned, reason=reason)
        return self._conclude(context, claimed, attempt, run)

    def refusal(self, attempt: Attempt, edition: Edition) -> str | None:
        """Return why the trial must not begin any more, because its study is over; None when it may, or has begun before.

        :param attempt: the attempt that is about to begin.
        :param edition: its study, as it is now.
        """
        return must_not_start(self.studies.store, edition) if attempt.attempt == 1 else None

    def ending(self, request: TrialRequest, report: TrialReporter) -> TrialMonitor:
        """Return what takes new points while the trial runs, and says also when its study ends it.

        :param request: the trial.
        :param report: takes the points.
        """
        return TrialMonitor(report, self.studies.store, request.study, conf.poll_interval())

    def _conclude(
        self, context: Context, claimed: Claim, attempt: Attempt, run: Callable[[], Outcome]
    ) -> dict[str, Any]:
        """Run the trial, or take up what became of it elsewhere, and tell the study."""
        error: BaseException | None = None
        try:
            outcome = run()
        except (Exception, AirflowTaskTimeout) as err:
            outcome, error = _failure(err), err
        if outcome.state is AttemptOutcome.FAILED:
            self._fail(context, attempt, outcome, error)
        result = conclude(self.studies.store, attempt, outcome, self.report)
        self.tidy(final=True)
        if result.state is TrialState.FAIL:
            raise AirflowFailException(
                f"Trial {result.number} was given up before this attempt ended, and a finished trial never changes. "
                "Clear the task to run it again."
            )
        self.log.info("Trial %s is %s: %s", result.number, result.state, result.value)
        if outcome.reason:
            self.log.info("%s", outcome.reason)
        return result.to_dict()

    def _fail(self, context: Context, attempt: Attempt, outcome: Outcome, error: BaseException | None) -> NoReturn:
        # Airflow does not try again after an error that repeating cannot mend.
        retries = 0 if isinstance(error, _NEVER_RETRIED) else self.program_retries
        final = fail(self.studies.store, attempt, outcome, task_try_of(context), retries, self.report)
        then = "the study is told" if final else "it stays open for another attempt"
        self.log.error("Trial %s failed (%s), %s: %s", attempt.number, outcome.kind, then, outcome.reason)
        self.tidy(final=final)
        if final:
            raise AirflowFailException(outcome.reason) from error
        if error is not None:
            raise error
        outcome.check()
        raise RuntimeError("unreachable: a failed outcome raises")

    def begin(self, context: Context, claimed: Claim) -> Attempt:
        """Record that this try of the task begins an attempt; repeating it, as after a deferral, changes nothing."""
        self.attempt = begin(self.studies.store, claimed, task_try_of(context), self.backend, self.placement())
        return self.attempt

    def tidy(self, *, final: bool) -> None:
        """Remove what the attempt left behind; called once the study knows how it ended.

        :param final: no further attempt of the trial follows by itself.
        """

    def placement(self) -> Placement:
        """Return where the trial runs, as far as it is known when it begins."""
        return Placement(host=socket.gethostname())

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: jinja2.Environment,
        seen_oids: set[int],
    ) -> None:
        if parent is self:
            self.context = context
        if parent is self and self.claimed is None:
            with permanent_errors_end_the_task():
                self.claimed = self._claim(context, self.work())
            context["trial"] = TrialView(self.claimed.request)  # type: ignore[typeddict-unknown-key]
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)

    def _claim(self, context: Context, work: str) -> Claim:
        # In a mapped task group the request is still a promise: only templated fields are resolved by Airflow.
        given = self.request if isinstance(self.request, Mapping) else self.request.resolve(context)
        request = TrialRequest.from_dict(dict(given))
        if request.number is None:
            request = self._ask(context, request)
        return claim(self.studies.store, request, work, task_try_of(context), self.rerun)

    def _ask(self, context: Context, request: TrialRequest) -> TrialRequest:
        asked, status = ask_one(self.studies.store, request.study, request.key)
        if asked:
            return asked.model_copy(update={"period": request.period})
        if status.verdict.over:
            raise AirflowSkipException(status.verdict.reason)
        self.log.info("%s waits for a free slot of the study. %s", request.key, status)
        room = self.room(context["ti"], request.study)
        self.defer(trigger=room, method_name="execute_when_ready", timeout=timedelta(days=7))
        raise RuntimeError("unreachable: defer() raises")

    def room(self, ti: Any, edition: str) -> StudyTrigger:
        """Return what waits until a study may give another trial.

        :param ti: the task instance, which names the DAG run.
        :param edition: the study.
        """
        return StudyTrigger(
            edition=edition,
            hpo_conn_id=self.hpo_conn_id,
            until="room",
            poll_interval=conf.poll_interval(),
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            trial_task_id=self.trial_task_id,
        )


_NEVER_RETRIED = (PermanentHpoError, AirflowFailException)


def _failure(err: BaseException) -> Outcome:
    """Say who is to blame: the trial's author for what he declared, and nobody but the worker for what is unforeseen."""
    if isinstance(err, TrialFailedError):
        return Outcome.failed(err.reason, err.kind)
    if isinstance(err, AirflowTaskTimeout):
        return Outcome.failed(f"The task ran into its execution_timeout: {err}")
    kind = FailureKind.PROGRAM if isinstance(err, _NEVER_RETRIED) else FailureKind.INFRASTRUCTURE
    return Outcome.failed(f"{type(err).__name__}: {err}", kind)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return _plain(value.to_dict()) if hasattr(value, "to_dict") else repr(value)
