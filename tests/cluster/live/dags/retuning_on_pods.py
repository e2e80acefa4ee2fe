"""A retuning of one region whose trials and evaluations are pods: the best x has moved from 0 to 2."""

import os
from datetime import datetime, timedelta

from airflow_hpo import Int, PodTrial, Study, Window, retuning_dag

COST = """
import os, random
luck = random.Random(int(os.environ["HPO_SEED"]))
weight, noise = luck.uniform(0.9, 1.1), luck.gauss(0.0, 0.1)
print(f"cost={10 + abs(int(os.environ['HPO_PARAM_X']) - 2) * weight + noise}", flush=True)
"""

retuning_dag(
    "retuning_on_pods",
    study=Study(name="tokyo", space={"x": Int(0, 2)}, objective="cost", sampler="grid", parallelism=3),
    trial=PodTrial(
        image=os.environ["HPO_TEST_IMAGE"],
        cmds=["python3", "-c", COST],
        namespace=os.environ["HPO_TEST_NAMESPACE"],
        image_pull_policy="IfNotPresent",
        poll_interval=1,
        retry_delay=timedelta(seconds=1),
    ),
    tuning=Window("-20d", "-10d"),
    validation=Window("-10d", "-8d"),
    test=Window("-5d"),
    finalists=2,
    schedule=None,
    start_date=datetime(2025, 1, 1),
)
