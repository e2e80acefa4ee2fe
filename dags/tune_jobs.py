"""Tune a program that runs in several pods at once.

What: 4 trials, 2 at once, each an indexed Job of 2 pods; the log of the first is read, and its end is the trial's.
Why: models that do not fit one machine (`torchrun`, Horovod, MPI): the pods of a trial start, count, fail and go together.
Needs: the image of `docker/trial`, and the rule for Jobs in `docker/kubernetes/rbac.yaml`. The stand-in for a program does not
talk to its peers; a real one finds the first pod at MASTER_ADDR, for which the namespace needs a headless Service:

    kubectl create service clusterip trials --clusterip=None
    kubectl set selector service trials airflow-hpo/study=valley_of_two
"""

import os

from airflow.sdk import DAG

from airflow_hpo import Float, JobTrial, Objective, Stdout, Study, TuneTaskGroup

study = Study(
    name="valley_of_two",
    objective=Objective("loss", direction="minimize", strategy="best"),
    space={"learning_rate": Float(0.0001, 0.05, log=True), "momentum": Float(0.0, 0.95)},
    max_trials=4,
    parallelism=2,
)

with DAG("tune_jobs", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    TuneTaskGroup(
        group_id="tune",
        study=study,
        trial=JobTrial(
            pods=2,
            image="airflow-hpo/trial:1",
            cmds=["python3", "-u", "/app/train.py"],
            arguments=[
                "--learning-rate={{ trial.params.learning_rate }}",
                "--momentum={{ trial.params.momentum }}",
            ],
            subdomain="trials",
            env_vars={"MASTER_ADDR": "$(HPO_JOB)-0.trials", "MASTER_PORT": "29500", "WORLD_SIZE": "$(HPO_PODS)"},
            metrics=Stdout(step="epoch"),
            namespace=os.environ.get("HPO_EXAMPLE_NAMESPACE", "default"),
            image_pull_policy="IfNotPresent",
            container_resources={"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
            automount_service_account_token=False,
            termination_grace_period=5,
        ),
    )
