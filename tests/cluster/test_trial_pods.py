"""Trials as pods of a real cluster, in both modes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialState
from airflow_hpo.storage.database import Database
from airflow_hpo.tuning import schema
from airflow_hpo.tuning.store import Store
from tests.cluster.trials_on_cluster import Task
from tests.integration.tuning.tasks import Tuned, declared

pytestmark = pytest.mark.cluster

MakeTask = Callable[..., Task]
THREE_STEPS = "import os\nfor step in (1, 2, 3): print(f'step={step} loss={1 / step} time_s=2', flush=True)"


@pytest.fixture
def tuned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tuned:
    """An open edition in the database that the connection `hpo_default` names."""
    database = Database.sqlite(tmp_path / "hpo.db")
    schema.upgrade(database)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    return Tuned(Store(database), declared(pruner={"name": "threshold", "upper": 100.0}))


@pytest.fixture
def task(
    tuned: Tuned, kubeconfig: Path, namespace: str, python_image: str, monkeypatch: pytest.MonkeyPatch
) -> MakeTask:
    """Builds trial tasks that run a Python program in a pod."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_KUBERNETES_DEFAULT",
        f'{{"conn_type": "kubernetes", "extra": {{"kube_config_path": "{kubeconfig}"}}}}',
    )
    requests = iter(tuned.suggest())

    def make(program: str = THREE_STEPS, **arguments: Any) -> Task:
        given = {
            "namespace": namespace,
            "image": python_image,
            "image_pull_policy": "IfNotPresent",
            "cmds": ["python3", "-c", program],
            "termination_grace_period": 1,
            **arguments,
        }
        return Task(tuned, next(requests), given)

    return make


@pytest.fixture(params=[False, True], ids=["worker", "triggerer"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """Whether the trial is watched in the triggerer."""
    return bool(request.param)


def test_a_trial_ends_the_same_in_both_modes(task: MakeTask, deferrable: bool) -> None:
    trial = task(deferrable=deferrable)
    result = trial.run()
    assert (result["state"], result["value"], result["metrics"]) == ("complete", pytest.approx(1 / 3), {"time_s": 2.0})
    assert trial.series() == {1: 1.0, 2: 0.5, 3: pytest.approx(1 / 3)}
    [attempt] = trial.attempts()
    assert (attempt.outcome, attempt.exit_code) == (AttemptOutcome.COMPLETE, 0)
    assert attempt.place.keys() == {"pod", "namespace", "node", "image"}
