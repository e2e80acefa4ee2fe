"""Trial that is a Python function, run in this process."""

from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from typing import Any

from airflow_hpo import reporting
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.masking import cut
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.point import MetricPoint, Report
from airflow_hpo.core.metrics.series import MetricSeries
from airflow_hpo.core.metrics.values import as_step
from airflow_hpo.core.names import spelt_keys
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.space.space import Choice, Params
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import HpoError, TrialFailedError, TrialPruned
from airflow_hpo.runners.function_silence import FunctionSilence

NO_MODULE = (
    " A function runs in the worker's own Python: install the module there, or run the program with another Python: "
    "ProcessTrial(['/path/to/python', 'train.py'])."
)
BY_ITSELF = "The trial's function pruned itself."


class FunctionParams(dict[str, Choice]):
    """The active parameters; one of the space that is not active is None, and a name that the space has not is an error."""

    def __init__(self, request: TrialRequest, space: Collection[str]) -> None:
        super().__init__(request.params)
        self._request, self._space = request, space

    def __missing__(self, name: str) -> Choice:
        if self._request.may_lack(name, self._space):
            return None
        known = list(self._space or self)
        raise KeyError(
            f"A trial has the parameters of its space, but the function asked for {name!r}."
            f"{nearest(str(name), known) or ' It has ' + ', '.join(known) + '.'}"
        )


class FunctionTrial:
    """What a trial's function gets: its parameters, and a way to report.

    With a window it has a ``period`` (``start``, ``end``). In an evaluation it has a ``candidate``, a ``scenario`` (``name``,
    ``values``), a ``variant`` and a ``replicate`` too; while tuning these are None.

    :param request: the trial that is asked for.
    :param objective: what may be reported.
    :param monitor: takes the new points and returns whether the trial is to be pruned.
    :param silence: is told when something is reported; None when the function may be silent for any time.
    :param space: names of all parameters; ``params`` gives None for one of which the condition does not hold.
    """

    def __init__(
        self,
        request: TrialRequest,
        objective: Objective,
        monitor: Report,
        silence: FunctionSilence | None = None,
        space: Collection[str] = (),
    ) -> None:
        self.params: Params = FunctionParams(request, space)
        self.number = request.told_number
        self.seed = request.seed
        self.slot = request.slot
        self.study = request.told_study
        self.period = request.period
        self.candidate = request.candidate
        self.scenario = request.scenario
        self.variant = request.variant
        self.replicate = request.replicate
        self._objective = objective
        self._monitor = monitor
        self._silence = silence
        self._series = MetricSeries(objective)
        self._reported = False
        self.given_up = False
        """Whether :meth:`should_prune` has said so."""

    def report(self, value: Any, step: int | None = None, **extra: Any) -> None:
        """Report the objective while the function runs.

        :param value: a number; NaN and infinity are kept, but do not count.
        :param step: epoch or iteration, 0 or more; None to have the values counted from 1.
        :param extra: extra metrics that the objective declares, by name.
        :raises TrialFailedError: when a value is not a number, or the step not a whole one from 0.
        """
        self._reported = True
        if self._silence:
            self._silence.heard()
        number = None if step is None else as_step(number_of("step", step))
        if step is not None and number is None:
            raise TrialFailedError(
                f"A step is a whole number from 0 to 2**31 - 1, but got {step!r}. Report step=0, 1, 2 ..."
            )
        for name, each in {self._objective.metric: value, **spelt_keys(extra)}.items():
            if self._known(name):
                self._series.add([MetricPoint(name, number_of(name, each), number)])

    def should_prune(self) -> bool:
        """Hand the new points over; raise ``TrialPruned`` when the trial is to be pruned."""
        with self._silence.held() if self._silence else nullcontext():
            self.given_up = self.given_up or self._monitor(self._series.drain())
        return self.given_up

    def finish(self, returned: Any) -> Measurement:
        """Return the result; for the runner, not for functions.

        :param returned: a number, a mapping from metric to number that has the objective, or None after reporting.
        :raises TrialFailedError: when there is no finite number.
        """
        metric = self._objective.metric
        if returned is None and not self._reported:
            raise TrialFailedError(
                f"A trial's function returns its objective {metric!r} or reports it, but it returned None and reported nothing. "
                "Write `return value` at its end, or trial.report(value)."
            )
        if returned is None:
            return self._series.measure()
        values = spelt_keys(returned) if isinstance(returned, Mapping) else {metric: returned}
        if metric not in values:
            raise TrialFailedError(
                f"A function that returns a mapping must have the objective {metric!r} in it, "
                f"but got {', '.join(map(repr, values)) or 'an empty one'}. Add it."
            )
        value = number_of(metric, values[metric])
        for name in values:
            if self._known(name) and name != metric:
                self._series.add([MetricPoint(name, number_of(name, values[name]))])
        return self._series.settle(value)

    def so_far(self) -> Measurement | None:
        """Return what was reached until now; None when that is nothing."""
        return self._series.so_far()

    def flush(self) -> None:
        """Hand over the points that no call of ``should_prune`` has taken; for the runner, not for functions."""
        left = self._series.drain(final=True)
        if left:
            self._monitor(left)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("suggest_"):
            raise TrialFailedError(
                f"Parameters are declared in the study's space, but the function called trial.{name}(). "
                "Write trial.params['name'], and space={'name': Float(0.0, 1.0)} in the study."
            )
        raise AttributeError(f"A trial has no {name!r}.{nearest(name, list(vars(self)))}")

    def _known(self, name: str) -> bool:
        known = self._objective.metrics
        if name not in known:
            self._series.note(f"The metric {name!r} is not declared and was dropped.{nearest(name, known)}")
        return name in known


def run_function(
    function: Callable[[FunctionTrial], Any],
    request: TrialRequest,
    objective: Objective,
    monitor: Report = lambda points: False,
    no_news_after: float | None = None,
    space: Collection[str] = (),
    printed: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Call a trial's function and measure what comes out.

    A returned number is the result as it is; a function that returns None is measured by what it reported, with the
    objective's strategy, exactly as a process is. One that says nothing for ``no_news_after`` seconds is ended. ``printed`` takes the
    remarks that it makes by ``airflow_hpo.reporting``.
    """
    silence = FunctionSilence(no_news_after) if no_news_after else None
    trial = FunctionTrial(request, objective, monitor, silence, space)
    try:
        with silence.watched() if silence else nullcontext(), reporting.heard_by(printed):
            returned = function(trial)
        return Outcome.complete(trial.finish(returned))
    except HpoError:
        raise
    except Exception as err:
        if _is_pruned(err):
            return Outcome.pruned(trial.so_far(), reason=None if trial.given_up else BY_ITSELF)
        said = err.args[0] if isinstance(err, KeyError) and err.args else err  # of a KeyError str() is a quotation
        raised = f"The trial's function raised {type(err).__name__}: {str(said).rstrip('.')}."
        raise TrialFailedError(f"{raised}{NO_MODULE if isinstance(err, ImportError) else ''}") from err
    except SystemExit as err:
        raise TrialFailedError(
            f"The trial's function left its process by SystemExit({err.code!r}). Return the objective instead."
        ) from err
    finally:
        trial.flush()


def number_of(name: str, value: Any) -> float:
    """Return a value of a metric as a float; NumPy's and other libraries' numbers are welcome."""
    truth = type(value).__name__.startswith("bool")
    if not truth and not isinstance(value, str | bytes) and hasattr(type(value), "__float__"):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            pass
    raise TrialFailedError(
        f"The metric {name!r} must be a number, but the trial's function gave {cut(str(value), 80)!r} "
        f"({type(value).__name__}). Return or report a float."
    )


def _is_pruned(error: Exception) -> bool:
    """By name, so that Optuna need not be imported to recognise its own."""
    return isinstance(error, TrialPruned) or any(
        each.__name__ == "TrialPruned" and each.__module__.split(".")[0] == "optuna" for each in type(error).__mro__
    )
