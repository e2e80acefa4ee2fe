"""Trials as pods, declared once for a whole study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.task_groups.backends import TrialBackend


class PodTrial(TrialBackend):
    """Every trial is a pod.

    :param image: the trial's image; None when a pod template names it.
    :param cmds: the program, one string each; None for the image's own.
    :param arguments: its arguments, such as ``["--lr", "{{ trial.params.lr }}"]``.
    :param env_vars: variables added to ``HPO_PARAMS``, ``HPO_PARAM_<NAME>`` and the like.
    :param container_resources: requests and limits, such as ``{"requests": {"cpu": "2", "memory": "4Gi"}}``.
    :param metrics: where the program writes its metrics; default: ``name=value`` lines on its standard output.
    :param operator_arguments: further arguments of :class:`airflow_hpo.operators.pod.TrialPodOperator`, such as
        ``namespace``, ``pod_template_file``, ``retries``, ``execution_timeout``, ``pool`` or ``rerun``.
    :raises DeclarationError: when there is neither an image nor a template, or an argument makes no sense for a trial.
    """

    operator = TrialPodOperator
    retries = 5
    """More than elsewhere: Airflow sometimes fails a task that resumes very soon after deferring, which costs a try."""

    def __init__(
        self,
        image: str | None = None,
        cmds: Sequence[str] | None = None,
        arguments: Sequence[str] | None = None,
        env_vars: Mapping[str, str] | None = None,
        container_resources: Any = None,
        metrics: MetricSource | None = None,
        **operator_arguments: Any,
    ) -> None:
        templates = ("pod_template_file", "pod_template_dict", "full_pod_spec")
        if not image and not any(operator_arguments.get(name) for name in templates):
            raise DeclarationError(
                f"A pod needs an image, but got {image!r} and none of {', '.join(templates)}. Name the trial's image."
            )
        super().__init__(
            image=image,
            cmds=_strings("cmds", cmds),
            arguments=_strings("arguments", arguments),
            env_vars=dict(env_vars) if env_vars else None,
            container_resources=container_resources,
            metrics=metrics,
            **operator_arguments,
        )


def _strings(name: str, values: Sequence[str] | None) -> list[str] | None:
    if values is None:
        return None
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise DeclarationError(
            f"`{name}` is a list of strings, but got {values!r}. Write one string for each argument."
        )
    return list(values)
