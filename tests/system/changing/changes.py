"""Studies that an author changes: tests write True after CHANGED, and clear the runs from before."""

from pathlib import Path

from airflow.sdk import DAG, CronTriggerTimetable

from airflow_hpo import Float, Objective, ProcessTrial, PythonTrial, Study, TuneTaskGroup, Window
from airflow_hpo.operators.promotion import PromoteOperator

CHANGED = False


if CHANGED:

    def cost(trial):
        """The program after the author's edit: the other end of the space is the best now."""
        return 1 - trial.params["x"]

else:

    def cost(trial):
        """The program as it was."""
        return trial.params["x"]


def changing(name, trial, *, schedule=None, window=None, **options):
    """A study of two trials, and the promotion of the better one."""
    declared = {"space": {"x": Float(0.1, 1.0)}, "max_trials": 2, "parallelism": 2, "seed": 1, **options}
    with DAG(f"changes_{name}", schedule=schedule, catchup=False):
        study = Study(name=f"changes_{name}", objective=Objective("loss"), **declared)
        tuned = TuneTaskGroup(study=study, trial=trial, window=window)
        tuned >> PromoteOperator(task_id="promote", parameter_set=f"changes/{name}", candidate=tuned.output)


PRINTED = ProcessTrial(["sh", "-c", "echo loss=$HPO_PARAM_X"])

changing("budget", PRINTED, max_trials=4 if CHANGED else 2)
changing("space", PRINTED, space={"x": Float(0.1, 2.0 if CHANGED else 1.0)})
changing("window", PRINTED, window=Window("-14d" if CHANGED else "-7d"))
zone = "Asia/Tokyo" if CHANGED else "UTC"
changing("zone", PRINTED, window=Window("-7d"), schedule=CronTriggerTimetable("0 0 1 1 *", timezone=zone))
changing("function", PythonTrial(cost))
changing("argument", ProcessTrial(["sh", "-c", f"echo loss={'-' if CHANGED else ''}$HPO_PARAM_X"]))
changing("program", ProcessTrial(["sh", "train.sh"], cwd=str(Path(__file__).parent)))
