"""Tune a program that reaches its database through a proxy beside it.

What: 6 trials, each a pod of two containers: the trial, and a proxy that starts before it and is ended after it.
Why: an ordinary second container would keep the pod running when the trial has ended; a native sidecar (an init container that
is restarted always) does not. Its probe says when the trial may start.
Needs: Kubernetes 1.29 or newer, the image of `docker/trial`, and a database at HPO_EXAMPLE_DATABASE (host and port): here a
stand-in, `python3 /app/query.py --serve --port 5432` in the same image.
"""

import os

from airflow.sdk import DAG

from airflow_hpo import Float, Objective, PodTrial, Study, TuneTaskGroup

IMAGE = "airflow-hpo/trial:1"
HOST, _, PORT = os.environ.get("HPO_EXAMPLE_DATABASE", "database:5432").rpartition(":")

study = Study(
    name="supply",
    objective=Objective("shortage", direction="minimize"),
    space={"level": Float(5.0, 15.0)},
    max_trials=6,
    parallelism=3,
)

PROXY = {
    "name": "proxy",
    "image": IMAGE,
    "imagePullPolicy": "IfNotPresent",
    "restartPolicy": "Always",
    "command": ["python3", "-u", "/app/proxy.py"],
    "args": ["--listen=6432", f"--host={HOST}", f"--port={PORT}"],
    "startupProbe": {
        "exec": {"command": ["python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 6432))"]},
        "periodSeconds": 1,
        "failureThreshold": 30,
    },
    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
}

with DAG("tune_behind_proxy", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    TuneTaskGroup(
        group_id="tune",
        study=study,
        trial=PodTrial(
            image=IMAGE,
            cmds=["python3", "-u", "/app/query.py"],
            arguments=["--port=6432", "--level={{ trial.params.level }}"],
            pod_template_dict={"spec": {"containers": [{"name": "base"}], "initContainers": [PROXY]}},
            namespace=os.environ.get("HPO_EXAMPLE_NAMESPACE", "default"),
            image_pull_policy="IfNotPresent",
            container_resources={"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
            security_context={"runAsNonRoot": True, "runAsUser": 65534},
            automount_service_account_token=False,
            termination_grace_period=5,
        ),
    )
