"""Operator for trials that are Python functions."""

import functools
import inspect
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from airflow.sdk import Context

from airflow_hpo.core.attempt import Backend
from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.silence import silence_allowed
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

    Nothing but ``no_news_after`` and ``execution_timeout`` ends a function from outside: where the pruner or the end of the study gives a trial up, ``should_prune()`` says so,
    and a function that never asks runs to its end.

    Example::

        def loss(trial):
            return trial.params["x"] ** 2


        suggest = StudySuggestOperator(task_id="suggest", edition="valley@{{ run_id }}", batch=1)
        TrialPythonOperator.partial(task_id="trial", function=loss).expand(request=suggest.output)

    :param function: takes a trial with ``params``, ``number``, ``seed``, ``report(value, step)`` and ``should_prune()``;
        returns the objective, or a mapping of metric names to values.
    :param no_news_after: how long the function may print, log and report nothing, seconds or timedelta, more than 0; then it is
        ended, and the attempt fails with the kind ``no_news``, which ``program_retries`` counts. One that hangs in native
        code is not ended. None for no limit.
    :param request: a trial request as ``suggest`` returns it.
    :param hpo_conn_id: connection of the study database.
    :param rerun: ``"changed"`` or ``"always"``: when a trial that the study has the result of runs again.
    :raises DeclarationError: when ``no_news_after`` is not more than 0.
    """

    template_fields: Sequence[str] = ()
    backend = Backend.FUNCTION
    work_fields: ClassVar[Sequence[str]] = ("function",)

    def __init__(
        self, *, function: TrialFunction, no_news_after: float | timedelta | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.no_news_after = silence_allowed(no_news_after)

    def run_trial(self, context: Context, run: TrialRun) -> Outcome:
        """Call the function."""
        monitor = run.monitor()
        study = run.study
        outcome = run_function(
            self.function,
            run.claimed.request,
            study.objective,
            monitor,
            no_news_after=self.no_news_after,
            space=study.space,
            printed=monitor.printed,
        )
        return monitor.explained(outcome)

    def work(self) -> str:
        """Return the fingerprint of the function's source, by the first rule."""
        return fingerprint(source_of(self.function))
