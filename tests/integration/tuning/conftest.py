"""Studies that are tuned without Airflow, on every database."""

from __future__ import annotations

import pytest

from airflow_hpo.tuning.store import Store
from tests.integration.tuning.tasks import Tuned, declared


@pytest.fixture
def tuned(store: Store) -> Tuned:
    """An edition of a study that has just been opened."""
    return Tuned(store, declared())
