"""Declarations of what runs a trial: a program, a Python function, or a group of the author's own tasks."""

import functools
import inspect
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any

from airflow.sdk import XComArg
from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_hpo.core.called import refuses_one_argument
from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.environment import as_text, as_variables
from airflow_hpo.core.inherited import checked_names
from airflow_hpo.core.metrics.source import File, MetricSource
from airflow_hpo.core.silence import silence_allowed
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.function import TrialFunction, TrialPythonOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.task_groups.bookkeeping import TRIAL
from airflow_hpo.task_groups.kinds import refuse_wrong_kinds
from airflow_hpo.trials.code_files import checked_paths

TASK_ID = "trial"
LABEL = "{{ trial.label }}"
_OF_A_TRIAL = re.compile(r"\{[{%].*\b(trial|ti|task_instance)\b")


_OTHER_WORDS = {
    "command": ("cmds",),
    "comand": ("cmds", "command"),
    "cmd": ("command", "cmds"),
    "args": ("arguments", "command"),
    "env": ("env_vars",),
    "env_vars": ("env",),
    "environment": ("env", "env_vars"),
    "resources": ("container_resources",),
    "cpu": ("container_resources",),
    "memory": ("container_resources",),
    "gpu": ("container_resources",),
    "timeout": ("execution_timeout",),
    "retry": ("retries",),
    "workdir": ("cwd",),
}
"""What an argument is called elsewhere -> what it is called here, by backend."""


def refuse_unknown(
    who: str, given: Mapping[str, Any], takers: Sequence[Callable[..., Any]], meant: Callable[[str], str | None]
) -> None:
    """Refuse an argument that nothing takes, with what was meant: Airflow would name its own class, and say nothing of that."""
    known = _names_taken(*takers)
    for name in (name for name in given if name not in known):
        close = meant(name) or nearest(name, known) or f"Leave {name} out."
        raise DeclarationError(
            f"{who} has no argument {name!r}, but got {name}={brief_repr(given[name])}. {close.strip()}"
        )


@cache
def _names_taken(*takers: Callable[..., Any]) -> list[str]:
    """Return the names of arguments, sorted; read once, as signatures take long and DAGs are parsed often."""
    names = {name for taker in takers for name in inspect.signature(taker).parameters}
    return sorted(names - {"self", "args", "kwargs", "request"})


_KINDS = ("float", "int", "categorical", "uniform", "loguniform", "discrete_uniform")
_OF_OPTUNA = frozenset(f"suggest_{kind}" for kind in _KINDS)
"""Methods of Optuna's trial; a helper of the author's may be called suggest_something."""


def _inits(operator: type[TrialOperator]) -> list[Callable[..., Any]]:
    return [vars(base)["__init__"] for base in operator.__mro__ if "__init__" in vars(base) and base is not object]


def _called_elsewhere(name: str, operator: type[TrialOperator]) -> str | None:
    """Return the argument of an operator that others call so; None without any."""
    known = _names_taken(*_inits(operator))
    return next((f"Write {other}." for other in _OTHER_WORDS.get(name, ()) if other in known), None)


def check_function(function: Any) -> None:
    """Refuse what cannot be called with a trial alone, and a function that declares its parameters as for Optuna."""
    if not callable(function):
        raise DeclarationError(
            f"A Python trial is a function of the trial, but got {function!r}. Write PythonTrial(train), without calling it."
        )
    if hasattr(function, "operator_class"):
        name = getattr(getattr(function, "function", None), "__name__", "train")
        raise DeclarationError(
            f"A Python trial is a function of the trial, but got the task {name!r}. Write PythonTrial({name}), and leave @task out."
        )
    if isinstance(function, functools.partial):
        _check_partial(function)
    check_called_alone("A trial", function, "take trial.params['x'] in it")
    asked = getattr(getattr(function, "__code__", None), "co_names", ())
    suggests = [name for name in asked if name in _OF_OPTUNA]
    if suggests:
        raise DeclarationError(
            f"Parameters are declared in the study's space, but the function calls trial.{suggests[0]}(). "
            "Write trial.params['x'] in it, and space={'x': Float(0.0, 1.0)} in the study."
        )


def check_called_alone(what: str, function: Callable[..., Any], instead: str) -> None:
    """Refuse a function that cannot be called with a trial alone."""
    if refuses_one_argument(function):
        name = getattr(function, "__name__", "train")
        raise DeclarationError(
            f"{what}'s function is called with the trial alone, but got {name}{inspect.signature(function)}. "
            f"Write def {name if name.isidentifier() else 'train'}(trial): ... and {instead}."
        )


def _check_partial(function: functools.partial[Any]) -> None:
    """Refuse bound arguments that the function does not take: Python says so at the first call, which is in a trial."""
    inner, bound = function.func, [*map(repr, function.args), *(f"{k}={v!r}" for k, v in function.keywords.items())]
    with suppress(ValueError):
        try:
            inspect.signature(inner).bind_partial(*function.args, **function.keywords)
        except TypeError:
            name = getattr(inner, "__name__", "train")
            raise DeclarationError(
                f"A partial binds arguments of its function, but got {', '.join(bound)} for {name}{inspect.signature(inner)}. "
                f"Write functools.partial({name}, data=...) for def {name}(trial, data)."
            ) from None


class TrialBackend:
    """A trial task, declared once and mapped over every batch."""

    operator: type[TrialOperator]
    task_id = TASK_ID
    retries = 2
    """How often Airflow tries again by itself unless the author says otherwise; a failing program is not tried again."""

    most_waiting: int | None = None
    """How many trials may wait for their study at once; None for any number."""

    def __init__(self, **arguments: Any) -> None:
        operator = self.operator
        refuse_unknown(type(self).__name__, arguments, _inits(operator), lambda name: _called_elsewhere(name, operator))
        refuse_wrong_kinds(type(self).__name__, arguments)
        self.arguments = {name: value for name, value in arguments.items() if value is not None}

    def check_files(self, at_once: int) -> None:
        """Refuse files that trials which run at once would share; those of pods and functions never are."""

    def check_parameters(self, names: Collection[str]) -> None:
        """Refuse a function that takes a parameter where it gets the trial; programs and pods take what they name."""

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
    :param pass_env: names of variables of the worker that the program gets although they begin with ``AIRFLOW`` or
        ``_AIRFLOW``, or have a secret in them that Airflow knows, such as ``["AIRFLOW_HOME"]``; all others it gets anyway.
    :param cwd: folder to run in.
    :param metrics: where the program writes its metrics; default: ``name=value`` lines on its standard output. Programs that
        run at once need a ``File`` each.
    :param no_news_after: how long the program may write neither a line nor a metric, seconds or timedelta; then it is ended
        and the attempt fails. None for no limit.
    :param code: paths of files and folders that decide a trial's value, such as ``["train.py", "models"]``: a finished trial that
        is cleared runs again when their content has changed. A relative path begins at the folder of the DAG's file.
    :param arguments: further arguments of the task, such as ``retries``, ``execution_timeout``, ``pool`` or ``rerun``.
    :raises DeclarationError: when the command is not a list of strings, a variable is of another type, a time is not more
        than 0, ``pass_env`` is no list of names, or ``code`` is no list of paths.
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
        pass_env: Sequence[str] = (),
        **arguments: Any,
    ) -> None:
        text = command.decode(errors="replace") if isinstance(command, bytes) else command
        listed = isinstance(text, list | tuple) and all(isinstance(part, str) and "\0" not in part for part in text)
        if not listed or not text or not text[0]:
            given = text.split() if isinstance(text, str) else text if isinstance(text, list | tuple) else []
            parts = [as_text(part).replace("\0", "") for part in given]
            parts = parts if parts and parts[0] else ["python", "train.py"]
            raise DeclarationError(
                f"A command is a list of strings, the program first, but got {command!r}. Write {parts!r}."
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
            pass_env=checked_names(pass_env) or None,
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
        check_function(function)
        silence, paths = silence_allowed(no_news_after), checked_paths(code) or None
        super().__init__(function=function, no_news_after=silence, code=paths, **arguments)

    def check_parameters(self, names: Collection[str]) -> None:
        """Refuse ``def loss(x)``: arithmetic with the trial itself fails in every trial, and says nothing of the cause."""
        function = self.arguments["function"]
        with suppress(ValueError):  # a builtin has no signature
            first = next(iter(inspect.signature(function).parameters), None)
            if first in names and "params" not in getattr(getattr(function, "__code__", None), "co_names", ("params",)):
                raise DeclarationError(
                    f"A trial's function is called with the trial alone, but its argument {first!r} is a parameter of the study. "
                    f"Write def {getattr(function, '__name__', 'loss')}(trial): {first} = trial.params[{first!r}] ..."
                )
