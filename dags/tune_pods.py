"""Tune a program in pods.

What: 12 trials, 4 at once, each a pod whose log is read while it runs; trials that fall behind the median are ended.
Why: the same study as on one machine, with one word changed.
Needs: a Kubernetes that the connection `kubernetes_default` or KUBECONFIG names, and the image of `docker/trial`
(`docker build`, or `python3 -m cluster image airflow-hpo/trial:1 docker/trial` for the test cluster).
"""

import os

from airflow.sdk import DAG

from airflow_hpo import Float, Objective, PodTrial, Pruner, Stdout, Study, TuneTaskGroup

study = Study(
    name="valley",
    objective=Objective("loss", direction="minimize", strategy="best"),
    space={"learning_rate": Float(0.0001, 0.05, log=True), "momentum": Float(0.0, 0.95)},
    max_trials=12,
    parallelism=4,
    pruner=Pruner("median", n_startup_trials=4, n_warmup_steps=5),
)

UNPRIVILEGED = {
    "runAsNonRoot": True,
    "runAsUser": 65534,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}

with DAG("tune_pods", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    tuned = TuneTaskGroup(
        group_id="tune",
        study=study,
        trial=PodTrial(
            image="airflow-hpo/trial:1",
            cmds=["python3", "-u", "/app/train.py"],
            arguments=[
                "--learning-rate={{ trial.params.learning_rate }}",
                "--momentum={{ trial.params.momentum }}",
            ],
            metrics=Stdout(step="epoch"),
            namespace=os.environ.get("HPO_EXAMPLE_NAMESPACE", "default"),
            image_pull_policy="IfNotPresent",
            container_resources={"requests": {"cpu": "100m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
            container_security_context=UNPRIVILEGED,
            automount_service_account_token=False,
            termination_grace_period=5,
        ),
    )
