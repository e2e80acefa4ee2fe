"""Translation of Optuna's storage errors into ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import DBAPIError

from airflow_hpo.storage.driver_errors import translated


@contextmanager
def storage_errors(store: str) -> Iterator[None]:
    """Raise our errors instead of SQLAlchemy's, also where Optuna has wrapped them."""
    with translated(store):
        try:
            yield
        except StorageInternalError as err:
            if isinstance(err.__cause__, DBAPIError):
                raise err.__cause__ from None
            raise
