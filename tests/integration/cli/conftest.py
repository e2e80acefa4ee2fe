"""What commands find beside the study database."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def metadata_database() -> None:
    """Airflow's own database, as it is wherever commands run: an SQLite file in the home of this test session."""
    from airflow.utils.db import initdb

    initdb()
