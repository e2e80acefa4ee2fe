"""Retune a fleet of taxis every half year, region by region, on pods.

What: a trial is a week, seven simulated days in a pod each. 100 trials that ended well are wanted, five at a time; one simulation in five
fails and runs again alone. New and old parameters are compared on four weeks, each with a model's forecast and with statistics alone: four
patterns. A person agrees, a chat is told, and production reads the new version.
Why: what a dispatcher earns depends on a few parameters, and which are best changes with the streets and the seasons. Each region is a file in
`regions/`, so that a mistake in one stops that region alone. `max_pending` lets a node pool grow by one trial at a time.
Needs: Kubernetes 1.29 or newer, the image of `docker/trial`, the extra `slack` with a connection `slack_taxi`, and the model at
HPO_EXAMPLE_MODEL (host and port): here a stand-in, `python3 /app/forecast.py --port 8000` in the same image. The simulator is one, too: its
best parameters earn `gain` (0.014: 1.4 %) more than those in `data/dispatch_in_use.json`, so what a run must find is known beforehand. A
half-year without change, which must keep them:

    airflow hpo champion set dispatch/tokyo --file dags/data/dispatch_in_use.json
    airflow dags trigger retune_dispatch_tokyo --conf '{"gain": 0}'
"""

import os
from datetime import datetime, timedelta

from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
from airflow.sdk import DAG, task

from airflow_hpo import (
    Approval,
    ComparisonRule,
    Float,
    Guardrail,
    HpoHook,
    HpoNotifier,
    Int,
    Objective,
    PodTrial,
    Study,
    Window,
    parameter_set_asset,
    retuning_dags,
)

IMAGE = "airflow-hpo/trial:1"
WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HOST, _, PORT = os.environ.get("HPO_EXAMPLE_MODEL", "forecast:8000").rpartition(":")

PROXY = {
    "name": "proxy",
    "image": IMAGE,
    "imagePullPolicy": "IfNotPresent",
    "restartPolicy": "Always",
    "command": ["python3", "-u", "/app/proxy.py"],
    "args": ["--listen=8000", f"--host={HOST}", f"--port={PORT}"],
    "startupProbe": {
        "exec": {"command": ["python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000))"]},
        "periodSeconds": 1,
        "failureThreshold": 30,
    },
    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
}

retuning_dags.from_yaml(
    "regions/*.yaml",
    study=Study(
        name="dispatch",
        objective=Objective("revenue", direction="maximize", extra_metrics=["unserved", "wait_s"]),
        space={"discount": Float(0.85, 0.99), "turn_weight": Float(0.0, 4.0), "max_wait_s": Int(60, 900)},
        scenarios=WEEK,
        max_trials=100,
        parallelism=5 * len(WEEK),
        max_pending=len(WEEK),
    ),
    trial=PodTrial(
        image=IMAGE,
        cmds=["python3", "-u", "/app/dispatch.py"],
        arguments=[
            "--region={{ params.region }}",
            "--start={{ trial.period.start | ds }}",
            "--day={{ trial.scenario.name }}",
            "--forecast={{ trial.variant or 'model' }}",
            "--gain={{ params.gain }}",
            "{{ trial.args }}",
        ],
        env_vars={
            "DISPATCH_MODEL": "http://127.0.0.1:8000",
            "DISPATCH_FAILS": "0.2",
            "DISPATCH_TRY": "{{ ti.try_number }}",
        },
        program_retries=4,
        retries=8,
        retry_delay=timedelta(seconds=5),
        pod_template_dict={"spec": {"containers": [{"name": "base"}], "initContainers": [PROXY]}},
        namespace=os.environ.get("HPO_EXAMPLE_NAMESPACE", "default"),
        image_pull_policy="IfNotPresent",
        container_resources={"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        security_context={"runAsNonRoot": True, "runAsUser": 65534},
        automount_service_account_token=False,
        termination_grace_period=5,
    ),
    tuning=Window("-10w", "-6w"),
    validation=Window("-6w", "-4w"),
    test=Window("-4w"),
    scenarios="1d",
    finalists=2,
    variants=["model", "statistics"],
    rule=ComparisonRule(
        variant="model",
        min_improvement=0.005,
        scale="relative",
        guardrails={"unserved": Guardrail("minimize", margin=0.02)},
    ),
    approval=Approval(within=timedelta(days=14)),
    notify=HpoNotifier(via=SlackWebhookNotifier(slack_webhook_conn_id="slack_taxi", text="{{ hpo.text }}")),
    dispatch="continuous",
    schedule="0 0 1 1,7 *",
    start_date=datetime(2026, 1, 1),
    # Also where Airflow starts new DAGs at once: without a cluster every one of its pods would fail.
    is_paused_upon_creation=True,
    params={"gain": 0.014},
    doc_md=__doc__,
    tags=["hpo"],
)

# Production reads its champion whether or not the file of its region has a mistake.
for region in ("tokyo", "osaka"):
    with DAG(f"dispatch_{region}", schedule=[parameter_set_asset(f"dispatch/{region}")], catchup=False, tags=["hpo"]):

        @task
        def drive(name: str) -> dict:
            """Dispatch with the parameters in use."""
            champion = HpoHook().champion(name)
            print(f"Version {champion.version} of {name}: {dict(champion.params)}")
            return dict(champion.params)

        drive(f"dispatch/{region}")
