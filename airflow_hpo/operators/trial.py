"""Base of the operators that run one trial, whatever runs it: an Airflow task around a :class:`TrialRun`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.sdk.definitions.context import render_template_to_string
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from airflow_hpo import conf
from airflow_hpo.core.arguments import expanded
from airflow_hpo.core.attempt import AS_TEXT, IN_CLUSTER
from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.described import described
from airflow_hpo.core.metrics.source import File
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.templates import TEMPLATE_ERRORS, text_templates
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRequest, TrialResult, TrialState, TrialView
from airflow_hpo.core.waiting import Waiting, WaitsFor
from airflow_hpo.exceptions import ClusterError, DeclarationError, PermanentHpoError, StudyOverError, TrialFailedError
from airflow_hpo.hooks.default_file import within_dag_test
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.hooks.work import rendered_work
from airflow_hpo.operators.context import permanent_errors_end_the_task, task_try_of
from airflow_hpo.trials.claim import Rerun, Reruns
from airflow_hpo.trials.code_files import checked_paths, files_fingerprint
from airflow_hpo.trials.run import GIVEN_UP, TrialRun
from airflow_hpo.triggers.study import LONGEST_WAIT, StudyTrigger, Until, own_key

if TYPE_CHECKING:
    import jinja2

    from airflow_hpo.studies.store import Store

TEMPLATE_REMEDY = (
    "A template knows trial.params.<name>, trial.number, trial.seed, trial.period and what Airflow gives; correct it, then "
    "clear the task."
)


class TrialOperator(BaseOperator):
    """Runs one trial of a study; subclasses say how.

    The trial is claimed before templates are rendered, so that ``{{ trial.params.x }}`` means the trial that really runs,
    and parameters never pass through Jinja themselves.

    :param request: a trial request as ``suggest`` returns it; one without a number asks for its own trial.
    :param hpo_conn_id: connection of the study database.
    :param rerun: when the study already has the trial's result: ``"changed"`` runs again only if what is run has changed,
        also when a later pod of the image's tag had another digest; ``"always"`` runs again.
    :param code: paths of files and folders that decide a trial's value, such as ``["train.py", "models"]``: a finished trial
        runs again when their content has changed. A relative path begins at the folder of the DAG's file.
    :param program_retries: how often a trial is run again after its own program failed, 0 or more; other failures, such as a
        killed worker, are retried by the task's ``retries``, which is the limit of both.
    :param trial_task_id: id of a batch's trial task, with ``{batch}`` for its number: lets a trial that waits for a free
        slot give up those that are abandoned; empty: they are left alone.
    """

    backend: ClassVar[str]
    work_fields: ClassVar[Sequence[str]]
    """Arguments that make a finished trial's result outdated when they, or what their templates render to, change."""
    further_work_fields: ClassVar[Sequence[str]] = ()
    """More of them, which the first rule does not look at."""

    def __init__(
        self,
        *,
        request: Any,
        hpo_conn_id: str = HpoHook.default_conn_name,
        rerun: Rerun = "changed",
        code: Sequence[str | os.PathLike[str]] = (),
        program_retries: int = 0,
        trial_task_id: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if self.backend in AS_TEXT:
            # Whatever the DAG says: as Python objects, "1_0" would be 10.
            self.render_template_as_native_obj = False
        self.request = request
        self.hpo_conn_id = hpo_conn_id
        self.rerun: Reruns = rerun
        self.code_paths = checked_paths(code)
        self.program_retries = program_retries
        self.trial_task_id = trial_task_id
        self.context: Context | None = None
        self.run: TrialRun | None = None

    @cached_property
    def studies(self) -> HpoHook:
        """The study database."""
        return HpoHook(self.hpo_conn_id)

    @cached_property
    def store(self) -> Store:
        """The study database, ready for use."""
        # A task whose program is a pod forks none that could inherit a connection.
        return self.studies.store.kept if self.backend in IN_CLUSTER else self.studies.store

    def run_trial(self, context: Context, run: TrialRun) -> Outcome:
        """Run the trial to its end.

        :param context: Airflow's context.
        :param run: the trial and its attempt; ``run.monitor()`` takes new points and says when to give up.
        :returns: how the attempt ended. An error that is raised instead is a failure too.
        """
        raise NotImplementedError

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the trial, unless the study has its result."""
        with permanent_errors_end_the_task():
            run = self.claimed_run(context)
            if result := run.answer(self.unseen_files()) or self.begin(context, run):
                self.show_end(context, run, result.state, result.value)
            else:
                result = self.ended(context, run, partial(self.run_trial, context, run))
            return result.to_dict()

    def begin(self, context: Context, run: TrialRun) -> TrialResult | None:
        """Begin an attempt, unless the study is drained: then the task waits; return a result when none is wanted any more."""
        if run.held_back():
            # It is claimed again after the wait, when the study may be another.
            self.run = None
            self._wait(context, run.claimed.request.study, "begin")
        return run.begin(task_try_of(context), self.backend, self.placement())

    def execute_when_ready(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on after waiting for a free slot."""
        return self.execute(context)

    def work(self) -> str:
        """Return the fingerprint of what this task runs by the first rule: as its arguments are written."""
        return fingerprint({name: _plain(getattr(self, name)) for name in self.work_fields})

    def work_arguments(self, context: Context | None = None) -> dict[str, Any]:
        """Return what this task runs as plain data, before Jinja where it is templated.

        :param context: resolves the output of other tasks; None while the DAG is parsed.
        """
        found = {}
        for name in (*self.work_fields, *self.further_work_fields):
            value = getattr(self, name)
            # One without a value may be an argument that a later version has brought.
            if value is not None and not (isinstance(value, Sized) and len(value) == 0):
                data = described(_resolved(value, context))
                found[name] = data if name in self.template_fields else fingerprint(data)
        return found

    def files_work(self, folder: str | None = None) -> str:
        """Return the fingerprint of the files that decide a trial's value; taken where the trial is claimed.

        :param folder: where relative paths begin; None for the folder of the DAG's file.
        """
        return files_fingerprint(self.code_paths, folder or self.dag_folder)

    @property
    def dag_folder(self) -> str:
        """Folder of the DAG's file; without a DAG the working directory."""
        dag = self.get_dag()
        return os.path.dirname(dag.fileloc if dag else "") or os.getcwd()

    def unseen_files(self) -> list[str]:
        """Return files that the trial's program is known to run and that the fingerprint does not cover."""
        return []

    def claimed_run(self, context: Context, jinja_env: jinja2.Environment | None = None) -> TrialRun:
        """Return the trial of this task, claimed; one that has to wait for a free slot defers the task."""
        if self.run is None:
            # In a mapped task group the request is still a promise: only templated fields are resolved by Airflow.
            given = self.request if isinstance(self.request, Mapping) else self.request.resolve(context)
            run = TrialRun(self.store, self.log, conf.poll_interval())
            request = self._numbered(context, run, TrialRequest.from_dict(dict(given)))
            files, missing = self._files_or_error()
            work = rendered_work(
                self.work(),
                self.work_arguments(context),
                getattr(self, "metrics", None),
                files,
                request,
                context,
                jinja_env or self.get_template_env(),
            )
            # Whether a result is outdated cannot be told without the files: it stays.
            run.claim(request, work, task_try_of(context), "failed" if missing else self.rerun)
            self.run = run
            if missing:
                self.fail_before_it_begins(context, missing)
        return self.run

    def _files_or_error(self) -> tuple[str, str | None]:
        try:
            return self.files_work(), None
        except DeclarationError as err:
            return "", str(err)

    def ended(self, context: Context, run: TrialRun, attempt: Callable[[], Outcome]) -> TrialResult:
        """Run the attempt, or take up how it ended elsewhere, and tell the study."""
        error: BaseException | None = None
        try:
            outcome = attempt()
        except (Exception, AirflowTaskTimeout) as err:  # noqa: BLE001 - every error ends the attempt, and is raised again by _fail
            outcome, error = _failure(err), err
        if outcome.state is AttemptOutcome.FAILED:
            self._fail(context, run, outcome, error)
        result = run.conclude(outcome)
        self.show_end(context, run, result.state, result.value)
        self.clean_up(final=True)
        if result.state is TrialState.FAIL:
            raise AirflowFailException(GIVEN_UP.format(number=result.number))
        return result

    def show_end(self, context: Context, run: TrialRun, state: TrialState, value: float | None = None) -> None:
        """Let the label show how the trial has ended: Airflow renders it once more when the task has."""
        # In another kind of context, as of a call by hand, there is none to show it.
        if isinstance(view := context.get("trial"), TrialView):
            view.label = run.label(state, value)

    def clean_up(self, *, final: bool) -> None:
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
        if parent is self and self.run is None:
            with permanent_errors_end_the_task():
                run = self.claimed_run(context, jinja_env)
            context["trial"] = TrialView(run.claimed.request, run.study.space)  # type: ignore[typeddict-unknown-key]
        if parent is self and self.run and self.backend in AS_TEXT:
            # A mapped task brings the DAG's environment, which may make Python objects.
            jinja_env = text_templates(jinja_env, as_variables=self.run.edition.text_values)
        if parent is not self:
            super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
            return
        for name in template_fields:
            try:
                super()._do_render_template_fields(self, [name], context, jinja_env, seen_oids)
            except TEMPLATE_ERRORS as err:
                found = str(err).rstrip(".")
                self.fail_before_it_begins(
                    context, f"The template of {name!r} cannot be rendered: {found}. {TEMPLATE_REMEDY}"
                )

    def fail_before_it_begins(self, context: Context, reason: str) -> NoReturn:
        """Record what its author has to mend as the reason of the trial's only attempt."""
        run = self.claimed_run(context)
        with permanent_errors_end_the_task():
            if not run.claimed.answered and run.begin(task_try_of(context), self.backend, self.placement()) is None:
                self._fail(context, run, Outcome.failed(reason), DeclarationError(reason))
        raise AirflowFailException(reason)

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value as Airflow does, and the path of a metrics file."""
        if not isinstance(content, File):
            content = expanded(content, context.get("trial"))
            return super().render_template(content, context, jinja_env, seen_oids)
        templates = jinja_env or self.get_template_env()
        # Not as a text among others: of one that ends in .json a pod's operator would read the file.
        return content.rendered(lambda path: render_template_to_string(templates.from_string(path), context))

    def _numbered(self, context: Context, run: TrialRun, request: TrialRequest) -> TrialRequest:
        """Ask for the trial of a request that has none."""
        if request.number is not None:
            return request
        try:
            asked = run.ask(request.study, [request.key])
        except StudyOverError as err:
            raise AirflowSkipException(str(err)) from None
        if asked:
            return asked[0].model_copy(update={"period": asked[0].period or request.period})
        self._wait(context, request.study, "room", request.key)

    def _wait(self, context: Context, study: str, until: Until, key: str = "") -> NoReturn:
        if pause := self._in_the_way(context, study):
            self.log.info(
                "Another trial needs the place of this task under Airflow's limits. It looks again in %g s.", pause
            )
            raise AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=pause))
        if within_dag_test():
            # The other simulations of a trial that runs are to run now, and it is they that make room.
            raise AirflowRescheduleException(datetime.now(UTC))
        trigger = StudyTrigger.of_trial(study, self.hpo_conn_id, context["ti"], self.trial_task_id, until, key)
        self.defer(trigger=trigger, method_name="execute_when_ready", timeout=LONGEST_WAIT)
        raise RuntimeError("unreachable: defer() raises")

    def _in_the_way(self, context: Context, study: str) -> float | None:
        """Return for how long the task leaves its place to another trial, if a second look agrees; None while it keeps it."""
        if not self.trial_task_id:
            return None
        ti = context["ti"]
        watch = StudyWatch(self.store, study, ti.dag_id, ti.run_id, self.trial_task_id)
        if watch.pause(own_key(ti)) is None:
            return None
        time.sleep(conf.poll_interval())
        return watch.pause(own_key(ti))

    def _fail(self, context: Context, run: TrialRun, outcome: Outcome, error: BaseException | None) -> NoReturn:
        # Airflow does not try again after an error that repeating cannot mend.
        retries = 0 if isinstance(error, _NEVER_RETRIED) else self.program_retries
        final = run.fail(outcome, task_try_of(context), retries)
        if final:
            self.show_end(context, run, TrialState.FAIL)
        self.clean_up(final=final)
        if final:
            raise AirflowFailException(outcome.reason) from error
        raise error or TrialFailedError(outcome.reason or "", kind=outcome.kind or FailureKind.PROGRAM)


_NEVER_RETRIED = (PermanentHpoError, AirflowFailException)


def _failure(err: BaseException) -> Outcome:
    """Say who is to blame: the trial's author for what he declared, and the worker for what is unforeseen."""
    if isinstance(err, TrialFailedError):
        # What a cluster refuses to the task itself is the pod: its program has not run.
        unbegun = str(Waiting(WaitsFor.API)) if isinstance(err, ClusterError) else None
        return Outcome.failed(err.reason, err.kind, lasting=err.lasting, waits_for=unbegun)
    if isinstance(err, AirflowTaskTimeout):
        return Outcome.failed(f"The task ran into its execution_timeout: {err}")
    kind = FailureKind.PROGRAM if isinstance(err, _NEVER_RETRIED) else FailureKind.INFRASTRUCTURE
    return Outcome.failed(f"{type(err).__name__}: {err}", kind)


def _resolved(value: Any, context: Context | None) -> Any:
    """Return an argument with the output of other tasks in its place."""
    if isinstance(value, Mapping):
        return {name: _resolved(item, context) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(item, context) for item in value]
    reference = context is not None and hasattr(value, "iter_references") and hasattr(value, "resolve")
    return value.resolve(context) if reference else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return _plain(value.to_dict()) if hasattr(value, "to_dict") else repr(value)
