"""State of the study database, in one word and one sentence."""

from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from airflow_hpo.core.masking import masked
from airflow_hpo.exceptions import HpoError, StoreNotMigratedError, StoreRefusedError, StoreRevisionError
from airflow_hpo.pages.models.me import DatabaseLook
from airflow_hpo.studies.store import Store


class StoreAbsentError(StoreRefusedError):
    """There is no study database yet, or none that this process may read."""


def look_at(opened: Callable[[], Store]) -> DatabaseLook:
    """Say how the study database is that a function opens; it raises where it is not ready to be read."""
    try:
        opened()
    except StoreRevisionError as err:
        return DatabaseLook(state="newer" if _is_newer(err) else "not_migrated", message=masked(str(err)))
    except StoreNotMigratedError as err:
        return DatabaseLook(state="not_migrated", message=masked(str(err)))
    except StoreAbsentError as err:
        return DatabaseLook(state="absent", message=masked(str(err)))
    except (HpoError, SQLAlchemyError) as err:
        return DatabaseLook(state="away", message=masked(str(getattr(err, "orig", None) or err)))
    return DatabaseLook(state="ok")


def _is_newer(error: StoreRevisionError) -> bool:
    return bool(error.found and error.needed) and error.found > error.needed
