"""Studies in pods for the tests of failures: those that end when a test opens their gate, a short one, and an endless one."""

import os
import time
from datetime import timedelta

from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback
from airflow.sdk import DAG

from airflow_hpo import Float, PodTrial, Study, TuneTaskGroup

STEPS = """
import os, time
for step in range(1, 21):
    print(f"loss={step + float(os.environ['HPO_PARAM_X'])}", flush=True)
    while step == 5 and "HPO_TEST_GATE" in os.environ and not os.path.exists(os.environ["HPO_TEST_GATE"]):
        time.sleep(0.1)
    time.sleep(0.2)
"""
GATE = "/tmp/go-on"
ENDLESS = """
import itertools, time
for step in itertools.count(1):
    print(f"loss={step}", flush=True)
    time.sleep(0.5)
"""


def study(name, **options):
    """A study of three trials at once."""
    given = {"max_trials": 3, "parallelism": 3, "sampler": "random", **options}
    return Study(name=name, objective="loss", space={"x": Float(0.0, 1.0)}, **given)


def pods(program, **options):
    """Trials of a Python program, tried again soon."""
    return PodTrial(
        image=os.environ["HPO_TEST_IMAGE"],
        cmds=["python3", "-c", program],
        namespace=os.environ["HPO_TEST_NAMESPACE"],
        image_pull_policy="IfNotPresent",
        termination_grace_period=1,
        poll_interval=1,
        retry_delay=timedelta(seconds=1),
        **options,
    )


class Pause(KubernetesPodOperatorCallback):
    """Gives a test the time to kill the task when its pod has just been created."""

    @staticmethod
    def on_pod_creation(**given):
        """Wait."""
        time.sleep(8)


with DAG("kill_triggerer", schedule=None, catchup=False):
    TuneTaskGroup(study=study("kill_triggerer"), trial=pods(STEPS, env_vars={"HPO_TEST_GATE": GATE}))

with DAG("kill_worker", schedule=None, catchup=False):
    TuneTaskGroup(study=study("kill_worker"), trial=pods(STEPS, callbacks=Pause))

with DAG("kill_scheduler", schedule=None, catchup=False):
    TuneTaskGroup(study=study("kill_scheduler"), trial=pods(STEPS, env_vars={"HPO_TEST_GATE": GATE}))

with DAG("orphans", schedule=None, catchup=False):
    TuneTaskGroup(study=study("orphans"), trial=pods(ENDLESS, on_kill_action="keep_pod", retries=0))
