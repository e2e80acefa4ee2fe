"""The study database as the API server reads it: looked up at every request, checked, and never created or migrated."""

from __future__ import annotations

from threading import Lock
from typing import Annotated

from cachetools import TTLCache
from fastapi import Depends

from airflow_hpo.conf import lock_timeout
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.pages.database_state import StoreAbsentError, look_at
from airflow_hpo.pages.models.me import DatabaseLook
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store

CHECKED = 30.0
"""Seconds for which tables that were found to be those of this version are not looked at again."""
_checked: TTLCache[Database, bool] = TTLCache(16, CHECKED)
_lock = Lock()


def store_to_read() -> Store:
    """Return the study database for one request: as it is, without waiting for it, over a few connections that are kept.

    :class:`HpoHook` tells a connection that is not defined from one that could not be looked up, and raises for the latter: the
    default file stands in for the former alone, and only where it exists.
    """
    database = HpoHook(patience=0).database
    if not database.exists:
        raise StoreAbsentError(
            f"Pages show what the study database holds, but {database.name} does not exist. Start a study, which makes it, or "
            f"define the connection hpo_default."
        )
    store = Store(database.pooled)
    with _lock:
        known = database in _checked
    if not known:
        _check(store)
        with _lock:
            _checked[database] = True
    return store


def store_to_write() -> Store:
    """Return the study database for a request that changes something; it is not created or migrated either."""
    return Store(store_to_read().database, lock_timeout())


def look() -> DatabaseLook:
    """Say how the study database is, by looking at it now."""
    with _lock:
        _checked.clear()
    return look_at(store_to_read)


StoreDep = Annotated[Store, Depends(store_to_read)]
WritableStoreDep = Annotated[Store, Depends(store_to_write)]


def _check(store: Store) -> None:
    from airflow_hpo.studies.migrate import check

    check(store.database)
