"""``airflow hpo pods reap`` where it cannot reach a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.test_commands import Command, run

__all__ = ["run"]

UNREACHABLE = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
"""


@pytest.fixture(autouse=True)
def _connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_DEFAULT", "kubernetes://")


def config(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))


def test_without_a_kubeconfig_it_ends_in_one_line(
    run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("db", "migrate")
    config(tmp_path / "absent", monkeypatch)
    with pytest.raises(SystemExit, match=r"^A cluster must be named by .* Set KUBECONFIG to [^\n]*$"):
        run("pods", "reap")


def test_without_an_api_server_it_ends_in_one_line(
    run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("db", "migrate")
    (tmp_path / "kubeconfig").write_text(UNREACHABLE)
    config(tmp_path / "kubeconfig", monkeypatch)
    with pytest.raises(SystemExit, match=r"^Kubernetes does not answer when asked to list the pods [^\n]*$"):
        run("pods", "reap")
