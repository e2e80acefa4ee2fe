from __future__ import annotations

import importlib
import json
from dataclasses import asdict, replace

from airflow_hpo.core.metrics.source import File
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.triggers.pod import TrialPodTrigger
from tests.unit.pods.kubernetes_double import PATIENT

ARGUMENTS = {
    "pod_name": "p",
    "pod_namespace": "n",
    "connection": asdict(Connection("kubernetes_default", config_file="/etc/kube")),
    "options": asdict(replace(PATIENT, deadline=12.5, execution_timeout=3.0)),
    "edition": "s@r",
    "number": 7,
    "attempt": 2,
    "source": File("/metrics/m.log").to_dict(),
    "hpo_conn_id": "studies",
    "delete_on_kill": False,
    "end_task": True,
    "grace_period": 5,
}


def test_a_trigger_is_rebuilt_from_json() -> None:
    path, arguments = TrialPodTrigger(**ARGUMENTS).serialize()  # type: ignore[arg-type]
    module, _, name = path.rpartition(".")
    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)
    assert arguments == ARGUMENTS


BEFORE = {
    "pod_name": "p",
    "pod_namespace": "n",
    "connection": {"conn_id": "kubernetes_default", "in_cluster": None, "config_file": None, "cluster_context": None},
    "options": {
        "container": "base",
        "metrics_container": None,
        "schedule_timeout": 3600.0,
        "startup_timeout": 900.0,
        "startup_check_interval": 5.0,
        "poll_interval": 10.0,
        "api_timeout": 600.0,
        "report_interval": 1.0,
        "ending_interval": 2.0,
        "deadline": None,
        "execution_timeout": None,
    },
    "edition": "demo@r",
    "number": 0,
    "attempt": 1,
    "source": {"format": "text", "timestamps": False, "step": "step", "type": "stdout"},
    "hpo_conn_id": "hpo_default",
    "delete_on_kill": True,
    "grace_period": None,
    "end_task": True,
}
"""As the version before wrote it."""


def test_a_trigger_of_the_version_before_is_read() -> None:
    _, arguments = TrialPodTrigger(**BEFORE).serialize()  # type: ignore[arg-type]
    assert {**BEFORE, **arguments} == {**arguments, "source": arguments["source"]}
    assert arguments["options"] == {**BEFORE["options"], "no_news_after": None}
