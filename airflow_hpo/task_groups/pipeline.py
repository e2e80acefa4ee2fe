"""Task group of a trial that consists of the author's own tasks."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from airflow.sdk import TriggerRule, XComArg, task_group

from airflow_hpo.core.declared import brief_repr, fingerprint
from airflow_hpo.core.described import described
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.function import source_of
from airflow_hpo.operators.group import TrialOpenOperator, TrialOutcomeOperator
from airflow_hpo.task_groups.backends import LABEL, TASK_ID, check_called_alone
from airflow_hpo.task_groups.bookkeeping import TRIAL
from airflow_hpo.trials.code_files import checked_paths

_DEFAULTS: dict[str, Any] = {**TRIAL, "do_xcom_push": True, "multiple_outputs": False}
"""Defaults of the tasks of a trial, which hand over what they return."""


class TrialParams:
    """Parameters of the trial as later tasks take them: ``trial.params.x`` or ``trial.params["x"]``."""

    def __init__(self, opened: TrialOpenOperator) -> None:
        self.__opened = opened

    def __getitem__(self, name: str) -> XComArg:
        self.__opened.asked_for.add(name)
        return XComArg(self.__opened, key=f"params.{name}")

    def __getattr__(self, name: str) -> XComArg:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]


class TrialHandle:
    """What the author's function gets: parameters, number, seed and slot, each usable as an argument of a task.

    With a window also ``period``, a mapping of ``start`` and ``end`` (ISO 8601); in an evaluation also ``candidate``,
    ``scenario`` (a mapping of ``name`` and ``values``), ``variant`` and ``replicate``. Where one does not apply, the task that
    takes it gets None.
    """

    def __init__(self, opened: TrialOpenOperator) -> None:
        self.params = TrialParams(opened)
        self.number = XComArg(opened, key="number")
        self.seed = XComArg(opened, key="seed")
        self.slot = XComArg(opened, key="slot")
        self.period = XComArg(opened, key="period")
        self.candidate = XComArg(opened, key="candidate")
        self.scenario = XComArg(opened, key="scenario")
        self.variant = XComArg(opened, key="variant")
        self.replicate = XComArg(opened, key="replicate")
        self.request = opened.output


def _built(function: Callable[[TrialHandle], Any], trial: TrialHandle) -> Any:
    """Return what the author's function returns: the output of a task, or a mapping of such."""
    try:
        value = function(trial)
    except TypeError as err:
        if "XComArg" not in str(err):
            raise
        raise DeclarationError(
            f"`trial.params.x` is an argument for a task, which has its value when it runs, but the function computes with it: {err}. "
            "Write @task def twice(x): return x * 2, and twice(trial.params.x)."
        ) from None
    is_task = hasattr(value, "output")
    if isinstance(value, XComArg) or (not is_task and any(XComArg.iter_xcom_references(value))):
        return value
    meant = "task.output" if is_task else "evaluate(...)"
    raise DeclarationError(
        f"A group trial's function returns the output of its last task, but got {brief_repr(value)}. Write return {meant}."
    )


class GroupTrial:
    """Every trial is a group of tasks, the last of which returns the objective.

    Example::

        from airflow.sdk import task


        @task
        def train(degree):
            return degree * 0.1


        @task
        def evaluate(model):
            return abs(model - 0.5)


        GroupTrial(lambda trial: evaluate(train(trial.params.degree)))

    :param function: takes the trial, creates the tasks, and returns the output of the last one; ``trial.params.x`` is an
        argument for a task, not a value.
    :param code: paths of files and folders that decide a trial's value, such as ``["models"]``: a finished trial that is cleared
        runs again when their content has changed. A relative path begins at the folder of the DAG's file.
    :param arguments: further arguments of the first and the last task of the group, such as ``pool``.
    :raises DeclarationError: when it cannot be called.
    """

    retries = 2
    most_waiting: int | None = None

    def __init__(
        self, function: Callable[[TrialHandle], Any], code: Sequence[str | os.PathLike[str]] = (), **arguments: Any
    ) -> None:
        if not callable(function):
            raise DeclarationError(
                f"A group trial is a function that creates tasks, but got {function!r}. "
                "Write GroupTrial(train), of def train(trial): ... with tasks in it."
            )
        check_called_alone("A group trial", function, "pass trial.params.x to a task in it")
        if "no_news_after" in arguments:
            # Its tasks are Airflow's own, which nothing watches line by line.
            raise DeclarationError(
                f"Each task of the trial has a time limit of its own, but got no_news_after={arguments['no_news_after']!r} "
                "for all of them. Write @task(execution_timeout=timedelta(hours=1)) where one may hang."
            )
        self.function = function
        self.code = checked_paths(code)
        self.arguments = arguments

    def expand(self, requests: XComArg, **arguments: Any) -> Any:
        """Build the mapped task group.

        :param requests: what ``suggest`` returns.
        :param arguments: operator arguments that the tuning group sets, weaker than the author's.
        """
        what = {
            "code": source_of(self.function),
            "version": fingerprint(described(self.function)),
            "files": self.code,
        }
        given = {**_DEFAULTS, **arguments, **self.arguments, **what}
        build = self.function

        @task_group(group_id=TASK_ID, default_args=_DEFAULTS)
        def trial(request: Any) -> Any:
            opened = TrialOpenOperator(task_id="open", request=request, map_index_template=LABEL, **given)
            value = _built(build, TrialHandle(opened))
            outcome = TrialOutcomeOperator(
                task_id="outcome",
                request=request,
                value=value,
                map_index_template=LABEL,
                **{**given, "trigger_rule": TriggerRule.ALL_DONE},
            )
            opened >> outcome
            return outcome.output

        return trial.expand(request=requests)

    @property
    def task_id(self) -> str:
        """Which task tells the study, relative to the batch."""
        return f"{TASK_ID}.outcome"
