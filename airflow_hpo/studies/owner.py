"""Owner of a study: taken by the first task group that opens it, and checked whenever one does."""

from sqlalchemy.orm import Session

from airflow_hpo.core.owner import Owner
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial_key import refuse_companion
from airflow_hpo.exceptions import OwnerError
from airflow_hpo.storage import owners
from airflow_hpo.storage.owners import Kind, Owned
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store


@retried
def claim_study(store: Store, study: Study, asker: Owner) -> None:
    """Own a study from now on, or be one that its owner shares it with; refused otherwise."""
    refuse_companion(study.name)
    with store.session() as session:
        found = owners.claim(session, Kind.STUDY, study.name, asker, shared=study.shared)
        _refuse_evaluation(found, asker)
        if not found.owner.includes(asker) and not (found.shared and study.shared):
            raise OwnerError(
                f"Study {study.name!r} belongs to {found.owner}, but {asker} wants to run it. Rename the study, declare "
                f"Study(name={study.name!r}, ..., shared=True) in both to run trials of one study together, or, when the DAG or "
                f"its group was renamed, run `{_transfer(study.name, asker)}`."
            )


@retried
def claim_evaluation(store: Store, study: Study, family: str, asker: Owner) -> None:
    """Own an evaluation from now on; only the study's owner, and those that it shares the study with, may evaluate it."""
    with store.session() as session:
        _claim_evaluated(session, study, asker)
        evaluation = owners.claim(session, Kind.STUDY, family, asker, study=study.name)
        if not evaluation.owner.includes(asker) or evaluation.study != study.name:
            raise OwnerError(
                f"Evaluation {family!r} belongs to {evaluation.owner}, but {asker} wants to run one of this name. Give the "
                f"evaluation, which is named after its task group, another name, or, when the DAG or its group was renamed, "
                f"run `{_transfer(family, asker)}`."
            )


@retried
def claim_evaluated(store: Store, study: Study, asker: Owner) -> None:
    """Own, from now on, a study that is to be evaluated, before hours are spent on what is compared; refused otherwise."""
    with store.session() as session:
        _claim_evaluated(session, study, asker)


@retried
def transfer_study(store: Store, name: str, to: Owner) -> list[Owned]:
    """Give all of a name to another DAG: the study with its evaluations, and the parameter set that the same DAG owned.

    Return what changed hands, as it is now. Groups keep their names unless the study's own is given.
    """
    with store.session() as session:
        before, champion = owners.find(session, Kind.STUDY, name), owners.find(session, Kind.PARAMETER_SET, name)
        moved = owners.transfer(session, Kind.STUDY, name, to.dag_id, to.group_id)
        if before and champion and champion.owner.dag_id == before.owner.dag_id:
            moved += owners.transfer(session, Kind.PARAMETER_SET, name, to.dag_id)
    return moved


def _claim_evaluated(session: Session, study: Study, asker: Owner) -> None:
    dag = Owner(asker.dag_id)
    found = owners.claim(session, Kind.STUDY, study.name, dag, shared=study.shared)
    if not found.owner.includes(dag) and not (found.shared and study.shared):
        raise OwnerError(
            f"Study {study.name!r} belongs to {found.owner}, but {asker} wants to evaluate it. Name another study in "
            f"the evaluation, declare Study(name={study.name!r}, ..., shared=True) in both, or, when the DAG was renamed, "
            f"run `{_transfer(study.name, dag)}`."
        )


def _refuse_evaluation(found: Owned, asker: Owner) -> None:
    if found.study is not None:
        raise OwnerError(
            f"A study has a name of its own, but {found.name!r} is an evaluation of study {found.study!r}, which "
            f"{found.owner} runs, and {asker} wants to tune it. Rename the study."
        )


def _transfer(name: str, to: Owner) -> str:
    group = f" --to-group {to.group_id}" if to.group_id else ""
    return f"airflow hpo studies transfer {name} --to-dag {to.dag_id}{group}"
