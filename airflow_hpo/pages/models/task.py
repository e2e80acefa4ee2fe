"""Task of Airflow that an answer leads to."""

from airflow_hpo.pages.models.answer import Answer


class TaskPlace(Answer):
    """One try of a task instance."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
