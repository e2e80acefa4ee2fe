"""Logs of which the kubelet has removed the beginning: what was read counts, what is lost is said."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.pods.build.labels import label_value
from tests.cluster.pods_on_cluster import run_in, wait_for
from tests.cluster.trials_on_cluster import MakeTask, Task, first_event, rebuilt

pytestmark = pytest.mark.cluster

STRATEGIES = {"least": "min", "greatest": "max", "average": "mean"}
TALKATIVE = """
import os, time
def say(value): print(*(f'{name}={value}' for name in ('loss', 'least', 'greatest', 'average', 'final')), flush=True)
def wait(gate):
    while not os.path.exists(gate): time.sleep(0.05)
say(0.01)
wait('/tmp/talk')
for _ in range(100): print('x' * 130000)
print('talked', flush=True)
wait('/tmp/rotated')
say(70)
wait('/tmp/end')
say(50)
"""
"""Prints 13 MB, of which the kubelet keeps the newest file: 10 MiB by default."""


@pytest.fixture
def tuned(tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An open edition in which the best value counts, and other metrics in every other way."""
    from airflow_hpo.storage.database import Database
    from airflow_hpo.studies.store import Store
    from tests.integration.trial_tasks import Tuned, declared

    database = Database.sqlite(shutil.copy(tables, tmp_path / "hpo.db"))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    extra = {"extra_metrics": [*STRATEGIES, "final"], "strategies": STRATEGIES}
    objective = {"metric": "loss", "strategy": "best", **extra}
    return Tuned(Store(database), declared(objective=objective), uuid.uuid4().hex)


class Talkative:
    """The pod of a trial that talks when it is told to."""

    def __init__(self, core: Any, trial: Task) -> None:
        self.core, self.namespace = core, trial.arguments["namespace"]
        selector = f"airflow-hpo/edition={label_value(trial.tuned.name)}"
        [pod] = core.list_namespaced_pod(self.namespace, label_selector=selector).items
        self.name = pod.metadata.name

    def log(self, **options: Any) -> str:
        options = {"container": "base", "_preload_content": False, **options}
        return str(self.core.read_namespaced_pod_log(self.name, self.namespace, **options).data.decode())

    def tell(self, gate: str) -> None:
        assert run_in(self.core, self.namespace, self.name, "touch", gate, container="base") == (0, "")

    def talk(self) -> None:
        """Let it print more than a file of its log holds, until the first file is gone."""
        self.tell("/tmp/talk")
        wait_for(lambda: "loss=0.01" not in self.log(limit_bytes=200), "the rotation of the log")
        self.tell("/tmp/rotated")


async def watched_until(trial: Task, trigger: Any, meanwhile: Callable[[], Any]) -> None:
    """Watch until something is done; then the process dies."""
    watching = asyncio.ensure_future(first_event(trigger))
    try:
        await asyncio.to_thread(meanwhile)
        assert not watching.done()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def reported(trial: Task, values: int) -> None:
    wait_for(lambda: len(trial.series()) == values, f"value {values}")


def test_a_watcher_that_comes_after_the_log_was_rotated_counts_what_the_one_before_has_read(
    task: MakeTask, core: Any
) -> None:
    trial = task(TALKATIVE)
    trigger = trial.deferred()

    def talks() -> None:
        reported(trial, 1)
        Talkative(core, trial).talk()
        reported(trial, 2)

    asyncio.run(watched_until(trial, trigger, talks))
    # As a worker that takes the pod up after the triggerer was lost, and its task with it.
    Talkative(core, trial).tell("/tmp/end")
    retry = trial.again()
    retry.arguments = {**trial.arguments, "deferrable": False}
    result = retry.run()
    assert (result["state"], result["value"]) == ("complete", 0.01)
    assert result["metrics"] == {"least": 0.01, "greatest": 70.0, "average": pytest.approx(120.01 / 3), "final": 50.0}
    assert trial.series() == {1: 0.01, 2: 70.0, 3: 50.0}
    assert trial.attempts()[-1].problems == ()


def test_lines_that_nobody_could_read_leave_no_result_that_they_may_hold(task: MakeTask, core: Any) -> None:
    trial = task(TALKATIVE)
    trigger = trial.deferred()
    asyncio.run(watched_until(trial, trigger, lambda: reported(trial, 1)))
    pod = Talkative(core, trial)
    pod.talk()
    pod.tell("/tmp/end")
    with pytest.raises(Exception, match="of its log are lost"):
        trial.resume(asyncio.run(first_event(rebuilt(trigger))))
    [attempt] = trial.attempts()
    assert (attempt.outcome, attempt.kind) == (AttemptOutcome.FAILED, FailureKind.INFRASTRUCTURE)
    assert "strategy='best'" in (attempt.reason or "")
    assert trial.series() == {1: 0.01, 2: 70.0, 3: 50.0}
