"""The default SQLite file: for tasks of one machine."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from airflow.executors.local_executor import LocalExecutor
from airflow.sdk.definitions._internal.contextmanager import _CURRENT_CONTEXT
from airflow.sdk.execution_time.supervisor import InProcessSupervisorComms, set_supervisor_comms

from airflow_hpo.exceptions import StoreRefusedError
from airflow_hpo.hooks.default_file import refuse_scattered
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.storage.database import Database


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An AIRFLOW_HOME without any connection."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)
    return tmp_path


class OwnExecutor(LocalExecutor):
    """A LocalExecutor of the user's own."""


REMOTE = [
    "CeleryExecutor",
    "KubernetesExecutor",
    "airflow.providers.edge3.executors.EdgeExecutor",
    "remote:not.installed.Executor",
    " CeleryExecutor , LocalExecutor",
    "CeleryExecutor;team=LocalExecutor",
]
LOCAL = [
    "LocalExecutor",
    "LocalExecutor,CeleryExecutor",
    "airflow.executors.local_executor.LocalExecutor",
    "mine:airflow.executors.local_executor.LocalExecutor",
    f"{__name__}.OwnExecutor",
]


@pytest.mark.parametrize("executor", REMOTE)
def test_under_another_executor_writing_to_the_default_file_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    with pytest.raises(StoreRefusedError) as caught:
        _ = HpoHook().store
    assert "[core] executor must be LocalExecutor" in str(caught.value)
    assert "airflow connections add hpo_default" in str(caught.value)
    assert str(home / "hpo.db") in str(caught.value)
    assert list(home.glob("hpo*")) == []


@pytest.mark.parametrize("executor", LOCAL)
def test_a_local_executor_may_write_to_it(home: Path, monkeypatch: pytest.MonkeyPatch, executor: str) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    assert HpoHook().database_to_write().path == home / "hpo.db"


@pytest.mark.parametrize(
    ("option", "own", "refused"),
    [
        ("LocalExecutor,CeleryExecutor", "CeleryExecutor", True),
        ("LocalExecutor,far:x.CeleryExecutor", "far", True),
        ("CeleryExecutor,LocalExecutor", "LocalExecutor", False),
        ("CeleryExecutor,near:airflow.executors.local_executor.LocalExecutor", "near", False),
        ("LocalExecutor,CeleryExecutor", None, False),
    ],
)
def test_a_task_with_an_executor_of_its_own_is_judged_by_that(
    monkeypatch: pytest.MonkeyPatch, option: str, own: str | None, refused: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", option)
    _CURRENT_CONTEXT.append({"ti": SimpleNamespace(task=SimpleNamespace(executor=own))})
    try:
        if refused:
            with pytest.raises(StoreRefusedError):
                HpoHook().database_to_write()
        else:
            HpoHook().database_to_write()
    finally:
        _CURRENT_CONTEXT.pop()


def test_a_pod_that_is_told_the_local_executor_is_no_local_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")
    monkeypatch.setenv("AIRFLOW_IS_K8S_EXECUTOR_POD", "True")
    with pytest.raises(StoreRefusedError, match="KubernetesExecutor"):
        HpoHook().database_to_write()


def test_a_dag_test_runs_in_one_process_whatever_the_executor(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    with set_supervisor_comms(InProcessSupervisorComms(supervisor=None)):
        refuse_scattered(Database.sqlite(home / "hpo.db"), "hpo_default")


def test_a_connection_to_a_file_that_all_share_is_taken_at_its_word(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", f"sqlite:///{home}/shared.db")
    assert HpoHook().database_to_write().path is not None


def test_a_local_executor_that_cannot_be_imported_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "broken_executors", ModuleType("broken_executors"))
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "broken_executors.Mine")
    with pytest.raises(StoreRefusedError, match=r"broken_executors\.Mine"):
        HpoHook().database_to_write()
