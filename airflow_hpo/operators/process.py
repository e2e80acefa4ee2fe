"""Operator for trials that are programs on the worker's own machine."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from airflow.sdk import Context

from airflow_hpo import conf
from airflow_hpo.core.attempt import Backend
from airflow_hpo.core.environment import as_text, as_variables
from airflow_hpo.core.inherited import checked_names, inherited
from airflow_hpo.core.metrics.source import MetricSource, Stdout
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.silence import silence_allowed
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.runners.process import ProcessRunner
from airflow_hpo.trials.code_files import unseen_files
from airflow_hpo.trials.run import TrialRun

WITHHELD = "Variables that the program does not get: %s. pass_env=[...] of the trial passes one on by its name."


class TrialProcessOperator(TrialOperator):
    """Runs a trial as a program and reads its metrics while it runs.

    The program finds its parameters in its arguments (``{{ trial.params.x }}``) and in ``HPO_*`` variables. A pruned trial's
    program is ended with all its children. It is also ended when its study ends it, or its task is cleared, marked or timed out.

    Example::

        suggest = StudySuggestOperator(task_id="suggest", edition="valley@{{ run_id }}", batch=1)
        TrialProcessOperator.partial(
            task_id="trial",
            command=["python", "train.py", "--x={{ trial.params.x }}"],
            map_index_template="{{ trial.label }}",
        ).expand(request=suggest.output)

    :param command: the program and its arguments, one string each; no shell is involved. Templated.
    :param env: variables added to those of the worker: text, paths, numbers, booleans (``true``, ``false``) or None (empty).
        Templated.
    :param pass_env: names of variables of the worker that the program gets although they begin with ``AIRFLOW`` or
        ``_AIRFLOW``, or have a secret in them that Airflow knows; all others it gets anyway.
    :param cwd: folder to run in; None for the worker's own. Templated.
    :param metrics: where the program writes its metrics: ``Stdout()``, ``File(path)`` or ``TerminationMessage()``. The path is
        templated.
    :param no_news_after: how long the program may write neither a line nor a metric, seconds or timedelta, more than 0; then it
        is ended, and the attempt fails with the kind ``no_news``, which ``program_retries`` counts. None for no limit.
    :param request: a trial request as ``suggest`` returns it.
    :param hpo_conn_id: connection of the study database.
    :param rerun: ``"changed"`` or ``"always"``: when a trial that the study has the result of runs again.
    :raises DeclarationError: when a variable is of another type, ``pass_env`` is no list of names, or ``no_news_after`` is not
        more than 0.
    """

    template_fields: Sequence[str] = ("command", "env", "cwd", "metrics")
    template_fields_renderers: ClassVar[dict[str, str]] = {"command": "json", "env": "json"}
    backend = Backend.PROCESS
    work_fields = ("command", "env", "cwd")

    def __init__(
        self,
        *,
        command: Sequence[str],
        env: Mapping[str, Any] | None = None,
        pass_env: Sequence[str] = (),
        cwd: str | None = None,
        metrics: MetricSource | None = None,
        no_news_after: float | timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.command = list(command)
        self.env = as_variables("env", env or {})
        self.pass_env = checked_names(pass_env)
        self.cwd = cwd
        self.metrics = metrics or Stdout()
        self.no_news_after = silence_allowed(no_news_after)
        self._process: ProcessRunner | None = None

    def run_trial(self, context: Context, run: TrialRun) -> Outcome:
        """Run the program to its end."""
        monitor = run.monitor()

        def on_line(line: str) -> None:
            monitor.printed(line)
            self.log.info("%s", line)

        variables, withheld = inherited(os.environ, self.pass_env)
        if withheld:
            self.log.info(WITHHELD, ", ".join(withheld))
        runner = ProcessRunner(
            [as_text(part) for part in self.command],
            run.study.objective,
            self.metrics,
            env={**variables, **run.claimed.request.environment(), **as_variables("env", self.env)},
            cwd=self.cwd,
            on_line=on_line,
            monitor=monitor,
            interval=conf.report_interval(),
            grace_period=conf.termination_grace_period(),
            no_news_after=self.no_news_after,
        )
        self._process = runner
        return monitor.explained(runner.run())

    def unseen_files(self) -> list[str]:
        """Return the parts of the command that name a file next to the DAG or in the working directory, and not in ``code``."""
        folders = [self.cwd or os.getcwd(), self.dag_folder]
        return unseen_files(map(as_text, self.command), folders, self.code_paths, self.dag_folder)

    def on_kill(self) -> None:
        """End the program and its children."""
        if self._process:
            self._process.stop()

    def placement(self) -> Placement:
        """Return host and process id of the task."""
        return replace(super().placement(), pid=os.getpid())
