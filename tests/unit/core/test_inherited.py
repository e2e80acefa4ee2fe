"""Variables that a program on the worker's machine inherits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_hpo.core.inherited import checked_names, inherited
from airflow_hpo.core.masking import mask_with
from airflow_hpo.exceptions import DeclarationError


@pytest.fixture(autouse=True)
def masker() -> Iterator[None]:
    from airflow_hpo.hooks.secrets import hidden

    mask_with(lambda text: text.replace("hunter2", "***"))
    yield
    mask_with(hidden)


WORKER = {
    "PATH": "/opt/hunter2/bin:/bin",
    "KUBECONFIG": "/home/hunter2/.kube",
    "HOME": "/home/x",
    "AIRFLOW_HOME": "/opt/airflow",
    "AIRFLOW__CORE__FERNET_KEY": "key",
    "AIRFLOW_CONN_HPO_DEFAULT": "postgresql://u:p@h/d",
    "_AIRFLOW_PROCESS_CONTEXT": "server",
    "DATABASE_URL": "postgresql://u:hunter2@h/d",
    "DB_PASSWORD": "hunter2",
    "AWS_REGION": "eu-central-1",
    "MY_AIRFLOW": "mine",
}


def test_all_is_inherited_but_what_is_airflow_s_or_has_a_secret_in_it() -> None:
    left, withheld = inherited(WORKER)
    assert set(left) == {"PATH", "KUBECONFIG", "HOME", "AWS_REGION", "MY_AIRFLOW"}
    assert withheld == sorted(WORKER.keys() - left.keys())


def test_a_name_that_is_passed_brings_its_value_and_no_other() -> None:
    left, withheld = inherited(WORKER, ["AIRFLOW_HOME", "DB_PASSWORD"])
    assert (left["AIRFLOW_HOME"], left["DB_PASSWORD"]) == ("/opt/airflow", "hunter2")
    assert "AIRFLOW__CORE__FERNET_KEY" in withheld


@pytest.mark.parametrize(
    "given",
    [
        "AIRFLOW_HOME",
        {"AIRFLOW_HOME": "/x"},
        ["AIRFLOW_*"],
        ["A=hunter2"],
        [""],
        ["A B"],
        [3],
        [None],
        7,
        ["A\n"],
        ["1A"],
    ],
)
def test_what_is_no_list_of_exact_names_is_refused(given: object) -> None:
    with pytest.raises(DeclarationError, match="pass_env") as refused:
        checked_names(given)
    assert "hunter2" not in str(refused.value)


def test_names_are_kept_once_and_in_one_order() -> None:
    assert checked_names(("B", "A", "B")) == checked_names({"A", "B"}) == ["A", "B"]
