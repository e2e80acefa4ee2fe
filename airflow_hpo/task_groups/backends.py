"""Declarations of what runs a trial: a program, a Python function, or a group of the author's own tasks."""

import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import XComArg
from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_hpo.core.environment import as_variables
from airflow_hpo.core.metrics.source import File, MetricSource
from airflow_hpo.core.silence import silence_allowed
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.function import TrialFunction, TrialPythonOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.task_groups.bookkeeping import TRIAL
from airflow_hpo.trials.code_files import checked_paths

TASK_ID = "trial"
LABEL = "{{ trial.label }}"
_OF_A_TRIAL = re.compile(r"\{[{%].*\b(trial|ti|task_instance)\b")


class TrialBackend:
    """A trial task, declared once and mapped over every batch."""

    operator: type[TrialOperator]
    task_id = TASK_ID
    retries = 2
    """How often Airflow tries again by itself unless the author says otherwise; a failing program is not tried again."""

    def __init__(self, **arguments: Any) -> None:
        self.arguments = {name: value for name, value in arguments.items() if value is not None}

    def check_files(self, at_once: int) -> None:
        """Refuse files that trials which run at once would share; those of pods and functions never are."""

    def expand(self, requests: XComArg, **arguments: Any) -> MappedOperator:
        """Build the mapped trial task."""
        given = {"task_id": TASK_ID, "map_index_template": LABEL, **TRIAL, **arguments, **self.arguments}
        return self.operator.partial(**given).expand(request=requests)


class ProcessTrial(TrialBackend):
    """Every trial is a program on the worker's machine.

    Example::

        ProcessTrial(
            ["python", "train.py", "--lr={{ trial.params.lr }}"],
            env={"OMP_NUM_THREADS": "1"},
            retries=3,
        )

    :param command: the program and its arguments, one string each, such as ``["python", "train.py", "--lr",
        "{{ trial.params.lr }}"]``; no shell is involved.
    :param env: variables added to those of the worker: text, paths, numbers, booleans (``true``, ``false``) or None (empty).
    :param cwd: folder to run in.
    :param metrics: where the program writes its metrics; default: ``name=value`` lines on its standard output. Programs that
        run at once need a ``File`` each.
    :param no_news_after: how long the program may write neither a line nor a metric, seconds or timedelta; then it is ended
        and the attempt fails. None for no limit.
    :param code: paths of files and folders that decide a trial's value, such as ``["train.py", "models"]``: a finished trial that
        is cleared runs again when their content has changed. A relative path begins at the folder of the DAG's file.
    :param arguments: further arguments of the task, such as ``retries``, ``execution_timeout``, ``pool`` or ``rerun``.
    :raises DeclarationError: when the command is not a list of strings, a variable is of another type, a time is not more
        than 0, or ``code`` is no list of paths.
    """

    operator = TrialProcessOperator

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, Any] | None = None,
        cwd: str | None = None,
        metrics: MetricSource | None = None,
        no_news_after: float | timedelta | None = None,
        code: Sequence[str | os.PathLike[str]] = (),
        **arguments: Any,
    ) -> None:
        if isinstance(command, str) or not command or not all(isinstance(part, str) for part in command):
            raise DeclarationError(
                f"A command is a list of strings, the program first, but got {command!r}. "
                "Write one string for each argument."
            )
        variables = as_variables("env", env) if env else None
        silence = silence_allowed(no_news_after)
        super().__init__(
            command=list(command),
            env=variables,
            cwd=cwd,
            metrics=metrics,
            no_news_after=silence,
            code=checked_paths(code) or None,
            **arguments,
        )

    def check_files(self, at_once: int) -> None:
        """Refuse one metrics file for trials that run at once: each would read the values of the others."""
        metrics = self.arguments.get("metrics")
        if at_once < 2 or not isinstance(metrics, File):
            return
        path = os.path.join(str(self.arguments.get("cwd") or ""), metrics.path)
        if not _OF_A_TRIAL.search(path):
            raise DeclarationError(
                f"Trials that run at once write a metrics file each, but got {path!r} for {at_once} of them. "
                "Write File('metrics-{{ trial.number }}.log'), and give the program that name."
            )


class PythonTrial(TrialBackend):
    """Every trial is a call of a Python function in its own task process.

    Example::

        def loss(trial):
            return (trial.params["x"] - 1) ** 2


        PythonTrial(loss)

    :param function: takes a trial with ``params``, ``number``, ``seed``, ``report(value, step)`` and ``should_prune()``;
        returns the objective, or a mapping of metric names to values.
    :param no_news_after: how long the function may print, log and report nothing, seconds or timedelta; then it is ended and
        the attempt fails. One that hangs in native code is not ended. None for no limit.
    :param code: paths of files and folders that decide a trial's value, such as ``["train.py", "models"]``: a finished trial that
        is cleared runs again when their content has changed. A relative path begins at the folder of the DAG's file.
    :param arguments: further arguments of the task, such as ``retries``, ``execution_timeout``, ``pool`` or ``rerun``.
    :raises DeclarationError: when it cannot be called, or a time is not more than 0.
    """

    operator = TrialPythonOperator

    def __init__(
        self,
        function: TrialFunction,
        no_news_after: float | timedelta | None = None,
        code: Sequence[str | os.PathLike[str]] = (),
        **arguments: Any,
    ) -> None:
        if not callable(function):
            raise DeclarationError(f"A Python trial is a function of the trial, but got {function!r}. Pass a function.")
        silence, paths = silence_allowed(no_news_after), checked_paths(code) or None
        super().__init__(function=function, no_news_after=silence, code=paths, **arguments)
