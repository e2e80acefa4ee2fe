"""Compose a study from its operators.

What: start, suggest, trial, wait and finish without the ready-made task group.
Why: a shape of one's own: here one batch of four trials and a task between the trials and the end.
Needs: nothing besides this provider.
"""

import sys

from airflow.sdk import DAG, TriggerRule, task

from airflow_hpo import (
    Float,
    Objective,
    Study,
    StudyFinishOperator,
    StudySensor,
    StudyStartOperator,
    StudySuggestOperator,
    TrialProcessOperator,
)

study = Study(
    name="composed",
    objective=Objective("loss"),
    space={"x": Float(-1.0, 1.0)},
    max_trials=4,
    parallelism=4,
)
EDITION = study.edition("{{ run_id }}")
PROGRAM = "import os; x = float(os.environ['HPO_PARAM_X']); print(f'loss={x * x}')"

with DAG("compose_study", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    start = StudyStartOperator(task_id="start", study=study)
    suggest = StudySuggestOperator(task_id="suggest", edition=EDITION, batch=1)
    trial = TrialProcessOperator.partial(
        task_id="trial", command=[sys.executable, "-c", PROGRAM], map_index_template="{{ trial.label }}"
    ).expand(request=suggest.output)
    over = StudySensor(task_id="over", edition=EDITION, until="over", deferrable=True)
    finish = StudyFinishOperator(task_id="finish", study=study, trigger_rule=TriggerRule.ALL_DONE)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def results(trials: list[dict]) -> list[float]:
        """Gather what the trials returned."""
        return [trial["value"] for trial in trials]

    start >> suggest >> over >> finish
    results(trial.output) >> finish
