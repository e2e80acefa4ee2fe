"""The ledger of faults; set ``HPO_FAULTS`` to a file to keep it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.ledger import Ledger
from tests.cluster.conftest import airflow_kubeconfig, built_here, core, kubeconfig, namespace, python_image

__all__ = ["airflow_kubeconfig", "built_here", "core", "kubeconfig", "namespace", "python_image"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.chaos)


@pytest.fixture(scope="session")
def ledger() -> Ledger:
    """Where injections are taken down."""
    path = os.environ.get("HPO_FAULTS")
    return Ledger(Path(path) if path else None)
