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
