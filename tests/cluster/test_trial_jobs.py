"""Trials of several pods on a real cluster."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.exceptions import FailureKind
from airflow_hpo.operators.job import TrialJobOperator
from airflow_hpo.pods.build.labels import label_value
from airflow_hpo.pods.cluster import delete_pod
from tests.cluster.pods_on_cluster import wait_for
from tests.cluster.trials_on_cluster import MakeTask, Task, first_event

pytestmark = pytest.mark.cluster

PLACE = "import os, time; index = int(os.environ['JOB_COMPLETION_INDEX'])\n"
BOTH = PLACE + "for step in (1, 2, 3): print(f'step={step} loss={index + 1 / step}', flush=True)"
ENDLESS = PLACE + "for step in range(1, 6000): print(f'step={step} loss={step}', flush=True); time.sleep(0.1)"
HIGH = ENDLESS.replace("loss={step}", "loss={step * 10}")
SECOND_FAILS = PLACE + "print('loss=1', flush=True); time.sleep(2); os._exit(3) if index else time.sleep(600)"
SECOND_GOES_ON = PLACE + "print('loss=1', flush=True); time.sleep(600 if index else 0)"


class JobTask(Task):
    """A trial task whose trials are Jobs of two pods."""

    def build(self) -> TrialJobOperator:
        """The operator with its templates rendered, in a fresh process's view."""
        given = {"pods": 2, **self.arguments}
        self.operator = TrialJobOperator(task_id="trial", request=self.request.to_dict(), **given)
        self.operator.render_template_fields(self.context())
        return self.operator  # type: ignore[no-any-return]

    def again(self) -> JobTask:
        """The next try of the same task."""
        return JobTask(self.tuned, self.request, self.arguments, self.try_number + 1, self.retries)


@pytest.fixture
def job(task: MakeTask) -> Any:
    """Builds trial tasks that run a Python program in two pods."""

    def make(program: str, **arguments: Any) -> JobTask:
        made = task(program, **arguments)
        return JobTask(made.tuned, made.request, made.arguments)

    return make


def pods_of(core: Any, trial: Task) -> list[Any]:
    """The pods of a trial that are not being deleted."""
    selector = f"airflow-hpo/edition={label_value(trial.tuned.name)},airflow-hpo/trial={trial.request.number}"
    found = core.list_namespaced_pod(trial.arguments["namespace"], label_selector=selector).items
    return [pod for pod in found if pod.metadata.deletion_timestamp is None]


def jobs_of(core: Any, trial: Task) -> list[Any]:
    """The Jobs of a trial that are not being deleted."""
    from kubernetes import client

    selector = f"airflow-hpo/edition={label_value(trial.tuned.name)},airflow-hpo/trial={trial.request.number}"
    batch = client.BatchV1Api(core.api_client)
    found = batch.list_namespaced_job(trial.arguments["namespace"], label_selector=selector).items
    return [one for one in found if one.metadata.deletion_timestamp is None]


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
def test_the_first_pod_reports_and_nothing_is_left(job: Any, core: Any, deferrable: bool) -> None:
    trial = job(BOTH, deferrable=deferrable)
    result = trial.run()
    assert (result["state"], result["value"]) == ("complete", pytest.approx(1 / 3))
    assert trial.series() == {1: 1.0, 2: 0.5, 3: pytest.approx(1 / 3)}
    assert jobs_of(core, trial) == []
    wait_for(lambda: not pods_of(core, trial), "the end of both pods")


def test_every_pod_knows_its_place_and_where_the_first_is(job: Any, core: Any) -> None:
    trial = job(ENDLESS, subdomain="trials", env_vars={"MASTER_ADDR": "$(HPO_JOB)-0.trials"})
    trial.deferred()
    [one] = jobs_of(core, trial)
    pods = wait_for(lambda: len(found := pods_of(core, trial)) == 2 and found, "two pods")
    assert {pod.spec.hostname for pod in pods} == {f"{one.metadata.name}-0", f"{one.metadata.name}-1"}
    assert {pod.spec.subdomain for pod in pods} == {"trials"}
    variables = {variable.name: variable.value for variable in pods[0].spec.containers[0].env}
    assert variables["HPO_PODS"] == "2"
    assert (variables["HPO_JOB"], variables["MASTER_ADDR"]) == (one.metadata.name, "$(HPO_JOB)-0.trials")
    assert list(variables).index("HPO_JOB") < list(variables).index("MASTER_ADDR")


def test_a_pruned_trial_ends_all_its_pods(job: Any, core: Any) -> None:
    trial = job(HIGH)
    assert trial.run()["state"] == "pruned"
    assert jobs_of(core, trial) == []
    wait_for(lambda: not pods_of(core, trial), "the end of both pods")


def test_when_another_pod_fails_the_trial_fails_with_its_reason(job: Any, core: Any) -> None:
    trial = job(SECOND_FAILS)
    with pytest.raises(Exception, match=r"Pod 1 of the Job failed. The trial's program exited with 3"):
        trial.run()
    [attempt] = trial.attempts()
    assert (attempt.outcome, attempt.kind, attempt.exit_code) == (AttemptOutcome.FAILED, FailureKind.PROGRAM, 3)
    assert jobs_of(core, trial) == []


def test_a_lost_worker_or_triggerer_costs_nothing_and_the_next_try_takes_the_job_up(job: Any, core: Any) -> None:
    trial = job("import time; print('loss=1', flush=True); time.sleep(3); print('loss=2')")
    trial.deferred()
    [before] = jobs_of(core, trial)
    retry = trial.again()
    trigger = retry.deferred()
    assert [one.metadata.uid for one in jobs_of(core, trial)] == [before.metadata.uid]
    assert retry.resume(asyncio.run(first_event(trigger)))["value"] == 2.0


def test_a_job_of_other_parameters_is_deleted_not_taken_up(job: Any, core: Any) -> None:
    trial = job(ENDLESS)
    trial.deferred()
    [before] = jobs_of(core, trial)
    for pod in pods_of(core, trial):
        wrong = {"metadata": {"labels": {"airflow-hpo/params": "0" * 16}}}
        core.patch_namespaced_pod(pod.metadata.name, pod.metadata.namespace, wrong)
    trigger: Any = trial.again().deferred()
    # Who watches makes the new one, when all pods of the old one are gone.
    assert jobs_of(core, trial) == []
    assert trigger.manifest["metadata"]["name"] != before.metadata.name


def test_clearing_a_deferred_task_ends_all_its_pods(job: Any, core: Any) -> None:
    trial = job(ENDLESS)
    trigger = trial.deferred()
    wait_for(lambda: len(pods_of(core, trial)) == 2, "two pods")
    asyncio.run(trigger.on_kill())
    assert jobs_of(core, trial) == []
    wait_for(lambda: not pods_of(core, trial), "the end of both pods")


def test_who_ends_the_trial_in_the_triggerer_removes_the_whole_job(job: Any, core: Any) -> None:
    trial = job(SECOND_GOES_ON)
    trigger: Any = trial.deferred()
    assert asyncio.run(first_event(trigger))["outcome"]["state"] == "complete"
    asyncio.run(delete_pod(trigger.connection, trigger.pod_name, trigger.pod_namespace))
    assert jobs_of(core, trial) == []
    wait_for(lambda: not pods_of(core, trial), "the end of both pods")
