"""Texts that Airflow's pages show of the tasks of a study."""

from typing import Any

from airflow_hpo.operators.study import StudyFinishOperator, StudyStartOperator, StudySuggestOperator
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.sensors.study import StudySensor

DOCS: dict[type, str] = {
    StudyStartOperator: "Opens the edition of this DAG run, and enters the champion as its first trial where there is one.",
    StudySuggestOperator: "Suggests the trials of this batch; cleared, it returns the same ones.",
    StudySensor: "Waits until enough slots are free for another batch. Skipped, and what follows too, when the study is over.",
    StudyFinishOperator: "Ends the study and returns its best trial. Its log says why the study ended.",
    TrialOperator: (
        "Runs one trial for each index. Its label shows number and parameters, and its value once it has ended, with a ★ if it "
        "was the best until then. Cleared, a trial with a result answers, unless what it runs has changed."
    ),
}


def explain(task: Any) -> None:
    """Give a task of a study its text, unless the author has given one."""
    kind = getattr(task, "operator_class", type(task))
    text = next((text for base, text in DOCS.items() if isinstance(kind, type) and issubclass(kind, base)), None)
    mapped = getattr(task, "partial_kwargs", None)
    if text and task.doc_md is None:
        if mapped is None:
            task.doc_md = text
        else:
            mapped["doc_md"] = text
