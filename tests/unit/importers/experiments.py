"""Experiments of Katib for tests: a whole one, with changes."""

from __future__ import annotations

import copy
import json
from typing import Any

from airflow_hpo import from_katib
from airflow_hpo.importers.findings import RefusedSpecificationError
from airflow_hpo.importers.imported import Imported

CONTAINER = {"name": "trainer", "image": "registry.example.com/t:3", "args": ["--lr=${trialParameters.lr}"]}
EXPERIMENT: dict[str, Any] = {
    "apiVersion": "kubeflow.org/v1beta1",
    "kind": "Experiment",
    "metadata": {"name": "tides", "namespace": "tuning"},
    "spec": {
        "objective": {"type": "minimize", "objectiveMetricName": "rmse"},
        "algorithm": {"algorithmName": "random"},
        "parallelTrialCount": 4,
        "maxTrialCount": 20,
        "maxFailedTrialCount": 3,
        "parameters": [{"name": "lr", "parameterType": "double", "feasibleSpace": {"min": "0.01", "max": "0.2"}}],
        "trialTemplate": {
            "primaryContainerName": "trainer",
            "trialParameters": [{"name": "lr", "reference": "lr"}],
            "trialSpec": {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}},
            },
        },
    },
}


def experiment(changes: dict[str, Any]) -> str:
    """Return the Experiment with other values at some paths; None takes a field away."""
    data = copy.deepcopy(EXPERIMENT)
    for path, value in changes.items():
        *parents, last = path.split(".")
        inner: Any = data
        for name in parents:
            inner = inner[int(name)] if name.isdigit() else inner.setdefault(name, {})
        key: Any = int(last) if last.isdigit() else last
        if value is None:
            del inner[key]
        else:
            inner[key] = value
    return json.dumps(data)


def imported(changes: dict[str, Any], **options: Any) -> Imported:
    return from_katib(experiment(changes), **options)


def refused(changes: dict[str, Any], **options: Any) -> dict[str, str]:
    """Return the refusals of an Experiment by their paths."""
    try:
        from_katib(experiment(changes), **options)
    except RefusedSpecificationError as err:
        return {each.path: each.sentence for each in err.refusals}
    return {}


def notes(changes: dict[str, Any], **options: Any) -> dict[str, str]:
    """Return the levels of notes by their paths."""
    return {each.path: each.level.value for each in imported(changes, **options).notes}
