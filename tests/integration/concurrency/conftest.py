from __future__ import annotations

from tests.integration.tuning.conftest import postgres_template, ready_database, sqlite_template, store

__all__ = ["postgres_template", "ready_database", "sqlite_template", "store"]
