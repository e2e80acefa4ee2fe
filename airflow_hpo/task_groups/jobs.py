"""Declaration of trials that are Jobs of several pods."""

from typing import Any

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.job import TrialJobOperator
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.pods.job_names import checked_count
from airflow_hpo.task_groups.pods import PodTrial


class JobTrial(PodTrial):
    """Every trial is a Job of several pods that work together; that of index 0 reports.

    Example::

        JobTrial(
            "registry.example.com/trainer:2",
            pods=4,
            arguments=["--lr={{ trial.params.lr }}"],
            env_vars={"MASTER_ADDR": "$(HPO_JOB)-0.trials"},
            subdomain="trials",
        )

    :param image: the image of all of them; None when a pod template names it.
    :param pods: how many pods a trial has, 1 or more.
    :param pod_arguments: everything that a :class:`airflow_hpo.task_groups.pods.PodTrial` and a
        :class:`airflow_hpo.operators.job.TrialJobOperator` take.
    :raises DeclarationError: when there is neither an image nor a template, no number of pods, or ``run_in`` is not a worker.
    """

    operator: type[TrialPodOperator] = TrialJobOperator

    def __init__(self, image: str | None = None, *, pods: int, **pod_arguments: Any) -> None:
        if (run_in := pod_arguments.get("run_in", "worker")) != "worker":
            raise DeclarationError(
                f"A trial of several pods is started by a worker, but got run_in={run_in!r}. Leave it out."
            )
        super().__init__(image, pods=checked_count(pods), **pod_arguments)
