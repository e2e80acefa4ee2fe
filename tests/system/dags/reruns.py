"""Studies whose tasks are cleared and marked: some trials fail in their first run."""

from airflow.sdk import DAG, Variable, task

from airflow_hpo import Float, GroupTrial, Int, Objective, ProcessTrial, PythonTrial, Study, TuneTaskGroup, Window

SPACE = {"x": Float(-1.0, 1.0), "n": Int(1, 5)}


def twice_broken(trial):
    """Fail as trial 1 and trial 3; run again, they are other trials."""
    if trial.number in (1, 3):
        raise ValueError("the world is broken")
    return trial.params["x"] ** 2 + trial.params["n"]


def bowl(trial):
    """Never fail."""
    return trial.params["x"] ** 2 + trial.params["n"]


@task
def squared(x):
    """The only task of a group."""
    return x**2


@task
def prepared(x):
    """The first of three tasks of a group."""
    return x


@task(retries=0)
def measured(x, ti=None):
    """Another number at each try, as after its image was mended; it fails at the third."""
    if ti.try_number == 3:
        raise ValueError("the mended image is broken")
    return x**2 + ti.try_number


def study(name, **options):
    """A study of the common space."""
    return Study(**{"name": name, "objective": Objective("loss"), "space": SPACE, **options})


with DAG("repeated", schedule=None, catchup=False, max_active_runs=16):
    TuneTaskGroup(
        study=study("repeated", max_trials=5, parallelism=4, batch_size=4, max_failures=4),
        trial=PythonTrial(twice_broken),
    )

with DAG("forced", schedule=None, catchup=False):
    TuneTaskGroup(
        study=study("forced", max_trials=2, parallelism=2),
        trial=PythonTrial(bowl, rerun="always"),
    )

with DAG("forced_group", schedule=None, catchup=False):
    TuneTaskGroup(
        study=study("forced_group", max_trials=2, parallelism=2),
        trial=GroupTrial(lambda trial: squared(trial.params.x), rerun="always"),
    )

with DAG("mended_group", schedule=None, catchup=False):
    TuneTaskGroup(
        study=study("mended_group", max_trials=2, parallelism=2),
        trial=GroupTrial(lambda trial: squared(measured(prepared(trial.params.x))), retries=0),
    )


@task
def stage_before():
    """Hand a Variable's value over to the trials."""
    return Variable.get("measured_stage", default="1")


INPUTS = (
    "{{ dag_run.run_after }} {{ run_id }} {{ var.value.get('measured_days', '30') }} {{ ti.xcom_pull(task_ids='stage_before') }} "
    "{{ trial.number }} {{ ti.try_number }} {{ ti.start_date }} {{ ti.hostname }} {{ ti.id }} {{ macros.datetime.now() }} "
    "{{ macros.uuid.uuid4() }} {{ dag_run.start_date }} {{ task_instance.log_url }}"
)
with DAG("measured", schedule=None, catchup=False):
    stage_before() >> TuneTaskGroup(
        study=study("measured", max_trials=2, parallelism=2),
        trial=ProcessTrial(["sh", "-c", "echo loss=1", INPUTS], code=["measured.txt"]),
        window=Window("-7d"),
    )
