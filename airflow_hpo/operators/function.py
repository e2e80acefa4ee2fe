"""Operator for trials that are Python functions."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from airflow.sdk import Context

from airflow_hpo.core.attempt import Backend
from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.runners.function import FunctionTrial, run_function
from airflow_hpo.trials.run import TrialRun


def source_of(function: Callable[..., Any]) -> str:
    """Return the source of a function, or of the class of a callable object, else its name.

    Never an address in memory: that differs between processes, and every trial would look changed.
    """
    if isinstance(function, functools.partial):
        bound = [*map(repr, function.args), *(f"{name}={value!r}" for name, value in sorted(function.keywords.items()))]
        return f"{source_of(function.func)}\n{', '.join(bound)}"
    named = function if hasattr(function, "__qualname__") else type(function)
    try:
        return inspect.getsource(named)
    except (OSError, TypeError):
        return f"{named.__module__}.{named.__qualname__}"


TrialFunction = Callable[[FunctionTrial], Any]


class TrialPythonOperator(TrialOperator):
    """Runs a trial as a Python function in the task's own process.

    Nothing outside can end a function: where the pruner or the end of the study gives a trial up, ``should_prune()`` says so,
    and a function that never asks runs to its end.

    Example::

        def loss(trial):
            return trial.params["x"] ** 2


        suggest = StudySuggestOperator(task_id="suggest", edition="valley@{{ run_id }}", batch=1)
        TrialPythonOperator.partial(task_id="trial", function=loss).expand(request=suggest.output)

    :param function: takes a trial with ``params``, ``number``, ``seed``, ``report(value, step)`` and ``should_prune()``;
        returns the objective, or a mapping of metric names to values.
    :param request: a trial request as ``suggest`` returns it.
    :param hpo_conn_id: connection of the study database.
    :param rerun: ``"changed"`` or ``"always"``: when a trial that the study has the result of runs again.
    """

    template_fields: Sequence[str] = ()
    backend = Backend.FUNCTION
    work_fields: ClassVar[Sequence[str]] = ("function",)

    def __init__(self, *, function: TrialFunction, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function

    def run_trial(self, context: Context, run: TrialRun) -> Outcome:
        """Call the function."""
        monitor = run.monitor()
        return monitor.explained(run_function(self.function, run.claimed.request, run.study.objective, monitor))

    def work(self) -> str:
        """Return the fingerprint of the function's source."""
        return fingerprint(source_of(self.function))
