"""Studies of pods for a live Airflow: complete, failing, pruned, stopped by hand or at the median, and on a full node."""

import os

from airflow.sdk import DAG

from airflow_hpo import Categorical, Float, Int, Objective, PodTrial, Pruner, Study, TuneTaskGroup

POD = {
    "image": os.environ.get("HPO_TEST_IMAGE", ""),
    "namespace": os.environ.get("HPO_TEST_NAMESPACE", "default"),
    "image_pull_policy": "IfNotPresent",
    "termination_grace_period": 1,
    "automount_service_account_token": False,
    "cmds": ["python3", "-u", "-c"],
}
STEPS = """
import sys, time
for step in range(1, 41):
    print('step=%d loss=%s' % (step, sys.argv[1]), flush=True)
    time.sleep(0.25)
"""
UNLESS_BAD = """
import itertools, sys, time
print('step=1 loss=1', flush=True)
for step in itertools.count(2) if sys.argv[1] == 'bad' else ():
    print('step=%d loss=1000' % step, flush=True)
    time.sleep(0.25)
"""
ENDLESS = """
import itertools, time
for step in itertools.count(1):
    print('step=%d loss=1' % step, flush=True)
    time.sleep(0.25)
"""


def tune(name, program, space, *, dispatch="continuous", trial=None, **study):
    """A DAG of one study whose trials run in the triggerer."""
    with DAG(name, schedule=None, catchup=False):
        TuneTaskGroup(
            study=Study(name=name, objective=Objective("loss", strategy="best"), space=space, **study),
            trial=PodTrial(
                arguments=[program, "{{ trial.params.x }}"],
                run_in="triggerer",
                labels={"test": name},
                **{**POD, **(trial or {})},
            ),
            dispatch=dispatch,
        )


X = {"x": Float(0, 1)}
PRINT = "import sys; print('loss=' + sys.argv[1])"
tune("complete", PRINT, X, max_trials=6, parallelism=3, sampler="random")
tune("in_batches", PRINT, X, max_trials=6, parallelism=3, sampler="random", dispatch="batches")
tune("failing", "import sys; sys.exit(3)", X, max_trials=1, parallelism=1, max_failures=0, sampler="random")
tune(
    "pruned",
    UNLESS_BAD,
    {"x": Categorical(["good", "bad"])},
    max_trials=2,
    parallelism=2,
    sampler="grid",
    pruner=Pruner("threshold", upper=100.0),
)
tune("stopped", ENDLESS, X, max_trials=4, parallelism=2, sampler="random", when_over="stop")
tune(
    "median",
    STEPS,
    {"x": Int(1, 6)},
    max_trials=6,
    parallelism=2,
    sampler="grid",
    # The best two first, so that the others are behind whatever order the grid takes.
    start_points=[{"x": 1}, {"x": 2}],
    pruner=Pruner("median", n_startup_trials=2, n_warmup_steps=4),
)
SLOW = "import sys, time; time.sleep(%d); print('loss=' + sys.argv[1])"
LARGE = {"container_resources": {"requests": {"cpu": os.environ.get("HPO_TEST_CPU", "900m")}}}
GENTLE = {"max_trials": 6, "parallelism": 4, "max_pending": 1, "sampler": "random"}
tune("gentle", SLOW % 10, X, trial=LARGE, **GENTLE)
# A batch of one takes a worker, which takes its time.
tune("gentle_in_batches", SLOW % 30, X, trial=LARGE, dispatch="batches", **GENTLE)
