"""Declaration of trials that are pods."""

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from airflow.sdk import XComArg
from airflow.sdk.configuration import conf as airflow_conf
from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_hpo.core.environment import as_text, as_variables
from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.remedy import closest
from airflow_hpo.core.silence import silence_allowed
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.operators.start_in_triggerer import start_in_triggerer
from airflow_hpo.pods.build.labels import checked_labels
from airflow_hpo.task_groups.backends import TrialBackend
from airflow_hpo.trials.code_files import checked_paths


class PodTrial(TrialBackend):
    """Every trial is a pod.

    Example::

        PodTrial(
            image="registry.example.com/simulator:1.4",
            arguments=["--discount", "{{ trial.params.discount }}"],
            container_resources={"requests": {"cpu": "2", "memory": "4Gi"}},
            namespace="trials",
        )

    :param image: the trial's image; None when a pod template names it.
    :param cmds: the program, one string each; None for the image's own.
    :param arguments: its arguments, such as ``["--lr", "{{ trial.params.lr }}"]``.
    :param env_vars: variables added to ``HPO_PARAMS``, ``HPO_PARAM_<NAME>`` and the like: text, numbers, booleans (``true``,
        ``false``) or None (empty); or a list of ``V1EnvVar``, as a ``KubernetesPodOperator`` takes it.
    :param container_resources: requests and limits, such as ``{"requests": {"cpu": "2", "memory": "4Gi"}}``.
    :param metrics: where the program writes its metrics; default: ``name=value`` lines on its standard output.
    :param run_in: ``"worker"``: a task starts the pod, waits in the triggerer and ends there or in a task. ``"triggerer"``:
        no worker at all, which costs a tenth and suits many short trials; the study's ``parallelism`` and ``[hpo]
        triggerer_pods`` bound it. What Airflow does in workers or for them does not happen then: pools, priorities, queues and
        task limits are ignored; there are no success callbacks, outlets, hooks or listeners (they are refused), no
        parameters in the names of the mapped tasks and no rendered fields in the UI; macros and filters of the DAG's own
        are unknown. An ``execution_timeout`` counts from the beginning of an attempt. The study has a result at once, its
        task ends with those of others, up to ten seconds later. A trial that fails is ended by a worker, with retries
        and failure callbacks as usual, and ``dag.test()`` runs the same trial in its own process.
    :param no_news_after: how long the program may print no line once it has started, seconds or timedelta; then the pod is
        deleted and the attempt fails. None for no limit.
    :param code: paths of files and folders that decide a trial's value, such as ``["train.py", "models"]``: a finished trial that
        is cleared runs again when their content has changed. A relative path begins at the folder of the DAG's file.
        Files of the image need no mention. With ``run_in="triggerer"`` they are read when the DAG is parsed.
    :param operator_arguments: further arguments of :class:`airflow_hpo.operators.pod.TrialPodOperator`, such as
        ``namespace``, ``pod_template_file``, ``retries``, ``execution_timeout``, ``pool`` or ``rerun``.
    :raises DeclarationError: when there is neither an image nor a template, or an argument makes no sense for a trial, or a
        time is not more than 0.
    """

    operator = TrialPodOperator
    retries = 5
    """More than elsewhere: Airflow sometimes fails a task that resumes very soon after deferring, which costs a try."""

    def __init__(
        self,
        image: str | None = None,
        cmds: Sequence[str] | None = None,
        arguments: Sequence[str] | None = None,
        env_vars: Mapping[str, Any] | Sequence[Any] | None = None,
        container_resources: Any = None,
        metrics: MetricSource | None = None,
        run_in: Literal["worker", "triggerer"] = "worker",
        no_news_after: float | timedelta | None = None,
        code: Sequence[str | os.PathLike[str]] = (),
        **operator_arguments: Any,
    ) -> None:
        templates = ("pod_template_file", "pod_template_dict", "full_pod_spec")
        if not image and not any(operator_arguments.get(name) for name in templates):
            raise DeclarationError(
                f"A pod needs an image, but got {image!r} and none of {', '.join(templates)}. Write image='registry.example.com/train:1'."
            )
        if run_in not in ("worker", "triggerer"):
            raise DeclarationError(
                f"run_in is 'worker' or 'triggerer', but got {run_in!r}. Write run_in={closest(run_in, ['worker', 'triggerer'])!r}."
            )
        if isinstance(labels := operator_arguments.get("labels"), Mapping):
            checked_labels(labels)
        self.run_in = run_in
        super().__init__(
            image=image,
            cmds=_strings("cmds", cmds),
            arguments=_strings("arguments", arguments),
            env_vars=_variables(env_vars),
            container_resources=container_resources,
            metrics=metrics,
            no_news_after=silence_allowed(no_news_after),
            code=checked_paths(code) or None,
            **operator_arguments,
        )

    @property
    def most_waiting(self) -> int | None:  # type: ignore[override]
        """How many trials may wait at once: in a triggerer they would hold all its places, and the next try would get none."""
        if self.run_in == "worker":
            return None
        return max(1, int(airflow_conf.getint("triggerer", "capacity", fallback=1000)) // 2)

    def expand(self, requests: XComArg, **arguments: Any) -> MappedOperator:
        """Build the mapped trial task.

        :param requests: what ``suggest`` returns.
        :param arguments: operator arguments that the group sets, weaker than the author's.
        :raises DeclarationError: when an argument needs a worker, and none is to be used.
        """
        if self.run_in == "worker":
            return super().expand(requests, **arguments)
        # Waiting siblings count against it, so that a failed trial would never get the worker that it needs.
        arguments.pop("max_active_tis_per_dagrun", None)
        return start_in_triggerer(super().expand(requests, **arguments), requests)


def _variables(given: Any) -> Any:
    """Return variables as the operator takes them; objects of Kubernetes, and what only a task resolves, stay."""
    listed = [given] if isinstance(given, str) else given
    if isinstance(listed, list | tuple) and any(isinstance(each, str) for each in listed):
        meant = dict(each.partition("=")[::2] for each in listed if isinstance(each, str))
        raise DeclarationError(
            f"`env_vars` is a mapping of variables to values, but got {given!r}. Write env_vars={meant!r}."
        )
    return as_variables("env_vars", given) if isinstance(given, Mapping) else given or None


def _strings(name: str, values: Sequence[str] | None) -> list[str] | None:
    if values is None:
        return None
    if isinstance(values, str | Mapping) or not all(isinstance(value, str) for value in values):
        raise DeclarationError(f"`{name}` is a list of strings, but got {values!r}. Write {name}={_listed(values)!r}.")
    return list(values)


def _listed(values: Any) -> list[str]:
    if isinstance(values, Mapping):
        return [f"--{name}={as_text(value)}" for name, value in values.items()]
    return values.split() if isinstance(values, str) else [as_text(value) for value in values]
