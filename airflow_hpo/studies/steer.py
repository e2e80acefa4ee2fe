"""Acts of a person on a running study, and when they are refused."""

from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.storage import evaluations
from airflow_hpo.studies.status import Status
from airflow_hpo.studies.store import Store


def refuse_over(look: Status, rule: str) -> None:
    """Refuse an act on a study that is over or was summed up."""
    if look.verdict.over or look.edition.finished is not None:
        why = look.verdict.reason or look.edition.reason or "It has finished."
        raise PermanentHpoError(f"{rule}, but {look.edition.name} is over. {why} Start another run of its DAG.")


def refuse_evaluation(store: Store, name: str) -> None:
    """Refuse an act on an evaluation: its plan is written once."""
    if store.read(evaluations.is_one, name):
        raise PermanentHpoError(
            f"A study that tunes is steered, but {name} evaluates, and its plan never changes. Stop it with "
            f"`airflow hpo studies stop {name}`."
        )
