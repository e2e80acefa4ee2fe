"""Whose a study is: the first group that opens it owns it, and others are refused by name."""

from __future__ import annotations

import pytest

from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.owner import DagRunKey, Owner
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.exceptions import OwnerError, OwnerNotFoundError
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.storage import owners
from airflow_hpo.storage.owners import Kind
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.owner import claim_evaluated, claim_evaluation, transfer_study
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import declared


def start(dag_id: str = "monthly", group: str = "tune", run_id: str = "r") -> TaskTry:
    return TaskTry(TaskRun(dag_id, run_id, f"{group}.start" if group else "start"))


def owner(store: Store, name: str = "demo") -> Owner:
    with store.session(read_only=True) as session:
        found = owners.find(session, Kind.STUDY, name)
    assert found
    return found.owner


def test_the_first_group_that_opens_a_study_owns_it_in_every_run(store: Store) -> None:
    for run in ("r1", "r2"):
        open_edition(store, declared(), run, start(run_id=run))
    assert owner(store) == Owner("monthly", "tune")


@pytest.mark.parametrize(
    "other", [start("copy"), start(group="again"), start("copy", "")], ids=["dag", "group", "task"]
)
@pytest.mark.parametrize("run", ["r", "other"])
def test_another_owner_is_refused_by_name_with_the_lines_that_mend_it(store: Store, other: TaskTry, run: str) -> None:
    before = open_edition(store, declared(), "r", start())
    with pytest.raises(OwnerError) as caught:
        open_edition(store, declared(max_trials=99), run, other)
    said, asker = str(caught.value), Owner.of(other.task)
    assert f"Study 'demo' belongs to task group 'tune' of DAG 'monthly', but {asker} wants to run it." in said
    assert "shared=True" in said
    assert f"airflow hpo studies transfer demo --to-dag {asker.dag_id}" in said
    assert store.edition("demo@r") == before
    assert owner(store) == Owner("monthly", "tune")


def test_a_refused_group_leaves_no_study_behind(store: Store) -> None:
    open_edition(store, declared(), "r", start())
    with pytest.raises(OwnerError):
        open_edition(store, declared(), "other", start("copy"))
    assert [each.study_name for each in store.optuna.load("demo@r")._storage.get_all_studies()] == ["demo@r"]


def test_an_evaluation_belongs_to_the_dag_of_its_study(store: Store) -> None:
    open_edition(store, declared(), "r", start())
    claim_evaluation(store, declared(), "demo/validate", Owner("monthly", "validate"))
    with pytest.raises(OwnerError, match=r"'copy' wants to evaluate it.*transfer demo --to-dag copy`"):
        claim_evaluation(store, declared(), "demo/test", Owner("copy", "test"))


def test_a_dag_that_only_evaluates_owns_the_study_and_may_tune_it_later(store: Store) -> None:
    claim_evaluation(store, declared(), "demo/validate", Owner("monthly", "validate"))
    open_edition(store, declared(), "r", start())
    assert owner(store) == Owner("monthly", "tune")
    assert owner(store, "demo/validate") == Owner("monthly", "validate")


@pytest.mark.parametrize("asker", [Owner("monthly", "validate_2"), Owner("copy", "validate")], ids=str)
def test_one_group_evaluates_under_one_name(store: Store, asker: Owner) -> None:
    study = declared(shared=True)
    claim_evaluation(store, study, "demo/validate", Owner("monthly", "validate"))
    with pytest.raises(OwnerError, match="'demo/validate' belongs to task group 'validate' of DAG 'monthly'"):
        claim_evaluation(store, study, "demo/validate", asker)


def test_a_study_and_an_evaluation_of_another_study_have_different_names(store: Store) -> None:
    claim_evaluation(store, declared(), "demo/validate", Owner("monthly", "validate"))
    with pytest.raises(OwnerError, match="'demo/validate' is an evaluation of study 'demo'"):
        open_edition(store, declared(name="demo/validate"), "r", start())


def test_an_evaluation_is_refused_the_name_of_a_study(store: Store) -> None:
    open_edition(store, declared(name="demo/validate"), "r", start("other"))
    with pytest.raises(OwnerError, match="'demo/validate' belongs to task group 'tune' of DAG 'other'"):
        claim_evaluation(store, declared(), "demo/validate", Owner("monthly", "validate"))


def test_an_edition_of_an_earlier_version_belongs_to_the_first_that_opens_it(store: Store) -> None:
    open_edition(store, declared(), "r", start())
    forget_owners(store)
    open_edition(store, declared(), "r", start("renamed"), DagRunKey("monthly", "r"))
    assert owner(store) == Owner("renamed", "tune")


def forget_owners(store: Store) -> None:
    from sqlalchemy import delete

    from airflow_hpo.storage.tables import OwnerRow

    with store.session() as session:
        session.execute(delete(OwnerRow))


def transfer(store: Store, name: str, dag_id: str, group_id: str | None = None) -> list[str]:
    with store.session() as session:
        return [each.name for each in owners.transfer(session, Kind.STUDY, name, dag_id, group_id)]


def test_a_transferred_study_goes_on_in_the_renamed_dag_with_its_evaluations(store: Store) -> None:
    open_edition(store, declared(), "r", start())
    claim_evaluation(store, declared(), "demo/validate", Owner("monthly", "validate"))
    claim_evaluation(store, declared(name="demo/tokyo"), "demo/tokyo/validate", Owner("monthly", "tokyo"))
    assert transfer(store, "demo", "weekly") == ["demo", "demo/validate"]
    open_edition(store, declared(), "r", start("weekly"), DagRunKey("monthly", "r"))
    claim_evaluation(store, declared(), "demo/validate", Owner("weekly", "validate"))
    assert owner(store, "demo/tokyo") == Owner("monthly")
    with pytest.raises(OwnerError, match="belongs to task group 'tune' of DAG 'weekly'"):
        open_edition(store, declared(), "r", start())


def test_the_studies_of_all_windows_change_hands_together(store: Store) -> None:
    claim_evaluated(store, declared(), Owner("monthly", "tune_16w-8w"))
    for name in ("demo/16w-8w", "demo/32w-24w", "demo/tokyo"):
        open_edition(store, declared(name=name), "r", start(group=f"tune_{name[5:]}"))
    open_edition(store, declared(name="demo/60w-52w"), "r", start("other"))
    assert transfer(store, "demo", "weekly") == ["demo", "demo/16w-8w", "demo/32w-24w"]
    assert owner(store, "demo/32w-24w") == Owner("weekly", "tune_32w-24w")


def test_a_transfer_may_name_another_group_of_the_same_dag(store: Store) -> None:
    open_edition(store, declared(), "r", start())
    transfer(store, "demo", "monthly", "search")
    assert owner(store) == Owner("monthly", "search")


def test_what_has_no_owner_is_not_transferred(store: Store) -> None:
    open_edition(store, declared(), "r", start())
    with pytest.raises(OwnerNotFoundError, match=r"'dmo' has no owner.*Did you mean 'demo'\?"):
        transfer(store, "dmo", "weekly")


@pytest.mark.parametrize(("promoter", "moved"), [("monthly", ["demo", "demo"]), ("production", ["demo"])])
def test_a_study_takes_the_parameter_set_of_its_name_along_when_its_dag_owned_it(
    store: Store, promoter: str, moved: list[str]
) -> None:
    open_edition(store, declared(), "r", start())
    origin = Provenance(dag_id=promoter, run_id="r")
    promote(store, "demo", {"x": 1}, expected="any", key="k", provenance=origin)
    assert [each.name for each in transfer_study(store, "demo", Owner("weekly"))] == moved
