"""Trials as pods of a real cluster, in both modes."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.core.metrics.source import File, TerminationMessage
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.pods.build.labels import label_value
from airflow_hpo.trials.conclude import conclude
from tests.cluster import pods_on_cluster
from tests.cluster.pods_on_cluster import cluster_tool, wait_for
from tests.cluster.trials_on_cluster import MakeTask, Task, first_event, rebuilt

pytestmark = pytest.mark.cluster

THREE_STEPS = "for step in (1, 2, 3): print(f'step={step} loss={1 / step} time_s=2', flush=True)"
ENDLESS = """
import itertools, time
for step in itertools.count(1):
    print(f'step={step} loss={step}', flush=True)
    time.sleep(0.05)
"""
HIGH = ENDLESS.replace("loss={step}", "loss={step * 10}")
ONE_LINE = "print('loss=0.5')"


@pytest.fixture(params=[False, True], ids=["worker", "triggerer"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """Whether the trial is watched in the triggerer."""
    return bool(request.param)


def pods_of(core: Any, trial: Task) -> list[Any]:
    """The pods of a trial that are there."""
    found = core.list_namespaced_pod(
        trial.arguments["namespace"],
        label_selector=f"airflow-hpo/edition={label_value(trial.tuned.name)},airflow-hpo/trial={trial.request.number}",
    ).items
    return [pod for pod in found if pod.metadata.deletion_timestamp is None]


def test_a_trial_ends_the_same_in_both_modes(task: MakeTask, core: Any, deferrable: bool) -> None:
    trial = task(THREE_STEPS, deferrable=deferrable)
    result = trial.run()
    assert (result["state"], result["value"], result["metrics"]) == ("complete", pytest.approx(1 / 3), {"time_s": 2.0})
    assert trial.series() == {1: 1.0, 2: 0.5, 3: pytest.approx(1 / 3)}
    [attempt] = trial.attempts()
    assert (attempt.outcome, attempt.exit_code) == (AttemptOutcome.COMPLETE, 0)
    assert attempt.placement.to_dict().keys() == {"pod", "namespace", "node", "image", "image_tag"}
    assert pods_of(core, trial) == []


def test_the_log_of_the_pod_is_in_the_log_of_the_task(
    task: MakeTask, deferrable: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    task("print('first line'); print('loss=2 second')", deferrable=deferrable).run()
    said = capsys.readouterr().out
    assert re.findall(r"] (first line|loss=2 second) ", said) == ["first line", "loss=2 second"]


def test_a_pruned_trial_is_a_success_and_its_pod_is_deleted(task: MakeTask, core: Any, deferrable: bool) -> None:
    trial = task(HIGH, deferrable=deferrable)
    assert trial.run()["state"] == "pruned"
    [attempt] = trial.attempts()
    assert attempt.outcome is AttemptOutcome.PRUNED
    assert max(trial.series().values()) > 100
    assert pods_of(core, trial) == []


def test_a_program_that_ignores_sigterm_is_gone_when_its_trial_is_pruned(
    task: MakeTask, core: Any, deferrable: bool
) -> None:
    program = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{HIGH}"
    trial = task(program, deferrable=deferrable, termination_grace_period=3)
    assert trial.run()["state"] == "pruned"
    assert pods_on_cluster.pods_of(core, trial.arguments["namespace"], trial.tuned.name) == []


def test_a_trial_that_prints_and_exits_at_once_is_not_lost(task: MakeTask, deferrable: bool) -> None:
    for _ in range(2):
        assert task(ONE_LINE, deferrable=deferrable).run()["value"] == 0.5


def test_metrics_come_from_the_termination_message(task: MakeTask, deferrable: bool) -> None:
    program = "import os; open(os.environ['HPO_TERMINATION_LOG'], 'w').write('loss=0.25'); print('loss=9')"
    assert task(program, metrics=TerminationMessage(), deferrable=deferrable).run()["value"] == 0.25


def test_metrics_come_from_a_file_to_its_last_line(task: MakeTask, deferrable: bool) -> None:
    program = (
        "with open('/metrics/m.log', 'w') as f:\n  for i in range(1, 2001): print(f'loss={i}', file=f)\nprint('loss=9')"
    )
    trial = task(program, metrics=File("/metrics/m.log"), deferrable=deferrable)
    assert trial.run()["value"] == 2000.0
    assert trial.series()[1000] == 1000.0


def test_parameters_reach_the_program_in_arguments_and_environment(task: MakeTask) -> None:
    program = (
        "import json, os, sys; p = json.loads(os.environ['HPO_PARAMS'])\n"
        "assert str(p['x']) == sys.argv[1] == os.environ['HPO_PARAM_X'], (p, sys.argv)\n"
        "assert os.environ['OWN'] == p['kind'], os.environ; print('loss=', p['x'], sep='')"
    )
    trial = task(program, arguments=["{{ trial.params.x }}"], env_vars={"OWN": "{{ trial.params.kind }}"})
    assert trial.run()["value"] == trial.request.params["x"]


def test_a_lost_worker_or_triggerer_costs_nothing_and_the_next_try_takes_the_pod_up(task: MakeTask, core: Any) -> None:
    trial = task("import time; print('loss=1', flush=True); time.sleep(3); print('loss=2')")
    trial.deferred()
    [before] = pods_of(core, trial)
    retry = trial.again()
    trigger = retry.deferred()
    assert [pod.metadata.uid for pod in pods_of(core, trial)] == [before.metadata.uid]
    assert retry.resume(asyncio.run(first_event(trigger)))["value"] == 2.0
    assert [one.outcome for one in trial.attempts()] == [AttemptOutcome.LOST, AttemptOutcome.COMPLETE]


def test_a_finished_pod_that_nobody_saw_end_is_taken_up_without_another_wait(task: MakeTask, core: Any) -> None:
    trial = task(ONE_LINE)
    trial.deferred()
    wait_for(lambda: pods_of(core, trial)[0].status.phase == "Succeeded", "the pod's end")

    def never(trigger: Any) -> Any:
        raise AssertionError("It waited in the triggerer.")

    assert trial.again().run(during=never)["value"] == 0.5


def test_a_pod_whose_task_was_killed_between_telling_and_deleting_is_deleted_by_the_next_try(
    task: MakeTask, core: Any, deferrable: bool
) -> None:
    trial = task(ONE_LINE)
    outcome = Outcome.from_dict(asyncio.run(first_event(trial.deferred()))["outcome"])
    conclude(trial.tuned.store, trial.attempts()[-1], outcome)
    assert pods_of(core, trial)
    retry = trial.again()
    retry.arguments = {**trial.arguments, "deferrable": deferrable}
    assert retry.run()["value"] == 0.5
    assert pods_of(core, trial) == []
    assert [one.outcome for one in trial.attempts()] == [AttemptOutcome.COMPLETE]


def test_a_pod_that_is_being_deleted_is_not_taken_up(task: MakeTask, core: Any) -> None:
    slow = "import signal, time; signal.signal(15, signal.SIG_IGN); print('loss=1', flush=True); time.sleep(600)"
    trial = task(slow, termination_grace_period=20)
    trial.deferred()
    [before] = wait_for(lambda: [p for p in pods_of(core, trial) if p.status.phase == "Running"], "the pod")
    core.delete_namespaced_pod(before.metadata.name, before.metadata.namespace)
    trigger: Any = trial.again().deferred()
    assert trigger.manifest["metadata"]["name"] != before.metadata.name


def test_a_pod_of_other_parameters_is_deleted_not_taken_up(task: MakeTask, core: Any) -> None:
    trial = task(ENDLESS)
    trial.deferred()
    [before] = pods_of(core, trial)
    core.patch_namespaced_pod(
        before.metadata.name, before.metadata.namespace, {"metadata": {"labels": {"airflow-hpo/params": "0" * 16}}}
    )
    trigger: Any = trial.again().deferred()
    # Who watches makes the new one, when the old one is gone.
    assert pods_of(core, trial) == []
    assert trigger.manifest["metadata"]["name"] != before.metadata.name


def test_a_triggerer_that_starts_anew_stores_no_step_twice(task: MakeTask) -> None:
    trial = task("import time\nfor i in range(1, 41): print(f'loss={i}', flush=True); time.sleep(0.1)")
    trigger = trial.deferred()

    async def interrupted() -> None:
        watching = asyncio.ensure_future(first_event(trigger))
        while len(trial.series()) < 10:
            await asyncio.sleep(0.1)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    asyncio.run(interrupted())
    result = trial.resume(asyncio.run(first_event(rebuilt(trigger))))
    assert result["value"] == 40.0
    assert trial.series() == {step: float(step) for step in range(1, 41)}


def test_clearing_a_deferred_task_deletes_its_pod(task: MakeTask, core: Any) -> None:
    trial = task(ENDLESS)
    trigger = trial.deferred()
    asyncio.run(trigger.on_kill())
    wait_for(lambda: not pods_of(core, trial), "the deletion")


def test_killing_a_worker_task_deletes_its_pod_and_is_no_success(task: MakeTask, core: Any) -> None:
    trial = task(ENDLESS, deferrable=False)

    def kill() -> None:
        wait_for(lambda: trial.series(), "the first value")
        trial.operator.on_kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(Exception, match="killed"):
        trial.run()
    killer.join()
    wait_for(lambda: not pods_of(core, trial), "the deletion")


def test_a_task_that_is_killed_while_it_resumes_still_tells_the_result(task: MakeTask, core: Any) -> None:
    trial = task(ONE_LINE)
    event = asyncio.run(first_event(trial.deferred()))
    assert trial.resume(event, killed=True)["value"] == 0.5
    assert trial.again().run() == {**trial.xcom["return_value"], "attempt": 0}
    assert [one.outcome for one in trial.attempts()] == [AttemptOutcome.COMPLETE]
    assert pods_of(core, trial) == []


def test_an_execution_timeout_ends_a_deferred_trial(task: MakeTask, core: Any) -> None:
    from datetime import timedelta

    trial = task(ENDLESS, execution_timeout=timedelta(seconds=4), poll_interval=1)
    with pytest.raises(Exception, match="execution_timeout of 4 s"):
        trial.run()
    wait_for(lambda: not pods_of(core, trial), "the deletion")


def test_a_cleared_trial_runs_again_once_a_later_pod_of_its_tag_had_another_image(
    task: MakeTask, built_here: None, deferrable: bool, tmp_path: Path
) -> None:
    def image(loss: str) -> str:
        Path(tmp_path, loss).mkdir()
        Path(tmp_path, loss, "loss").write_text(loss)
        return cluster_tool("image", f"airflow-hpo/mended:{deferrable:d}", str(tmp_path / loss)).stdout.strip()

    program = "print('loss=' + open('/loss').read())"
    trial = task(program, image=image("1"), deferrable=deferrable)
    assert trial.run()["value"] == 1.0
    assert task(program, image=image("2"), deferrable=deferrable).run()["value"] == 2.0
    result = trial.again().run()
    assert (result["value"], result["replaces"]) == (2.0, trial.request.number)


def test_a_native_sidecar_runs_beside_the_trial(task: MakeTask, python_image: str) -> None:
    from kubernetes.client import V1Container

    server = "python3 -m http.server 8000 --bind 127.0.0.1"
    sidecar = V1Container(name="proxy", image=python_image, command=["sh", "-c", server], restart_policy="Always")
    program = """
import time, urllib.request
for _ in range(100):
    try:
        print('loss=%d' % urllib.request.urlopen('http://127.0.0.1:8000').status); break
    except OSError: time.sleep(0.1)
"""
    assert task(program, init_containers=[sidecar]).run()["value"] == 200.0


def test_a_person_finds_the_pod_by_study_trial_and_run(task: MakeTask, core: Any) -> None:
    trial = task(ENDLESS)
    trial.deferred()
    [pod] = pods_of(core, trial)
    assert pod.metadata.name.startswith(f"demo-t{trial.request.number}-a1-")
    assert pod.metadata.labels["airflow-hpo/run"] == "manual__2026-11-21T02-00-00-00-00"
    assert pod.metadata.labels["airflow-hpo/dag"] == "tune"
    assert pod.metadata.labels["airflow-hpo/map-index"] == trial.request.key.partition("/")[2]
    assert '"x": ' in pod.metadata.annotations["airflow-hpo/params"]
