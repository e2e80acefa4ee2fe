"""Champions for tasks and macros: read from the store or its mirror, and mirrored to a Variable."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import Variable

from airflow_hpo.exceptions import DeclarationError, HpoError, ParameterSetNotFoundError
from airflow_hpo.hooks.look_up import find_variable

if TYPE_CHECKING:
    from airflow_hpo.core.parameter_set import ParameterVersion
    from airflow_hpo.storage.database import Database

logger = logging.getLogger(__name__)

REQUIRED: Any = object()
"""No default: a parameter set that cannot be found is an error."""


def read_champion(
    database: Callable[[], Database], name: str, default: Mapping[str, Any] = REQUIRED
) -> ParameterVersion:
    """Return the version of a parameter set that production uses: from the store, else from its mirror, else the default.

    Also a connection that cannot be looked up leads to the mirror, which is why the database is given as a function.
    The default stands for a set that does not exist; a store that is away without a mirror is an error all the same, and
    so is a mirror that could not be looked up.
    """
    from airflow_hpo.core.parameter_set import check_name

    check_name(name)
    try:
        return _stored(database(), name)
    except HpoError as err:
        if mirrored := read_mirror(name):
            logger.warning("%s Version %s of %s is taken from its Variable.", err, mirrored.version, name)
            return mirrored
        if default is REQUIRED or not isinstance(err, ParameterSetNotFoundError):
            raise
        if isinstance(err, _NoFileError):
            logger.warning("%s The default is taken.", err)
    return _defaulted(name, default)


class _NoFileError(ParameterSetNotFoundError):
    """The SQLite file of the studies does not exist."""


def read_mirror(name: str) -> ParameterVersion | None:
    """Return the champion as its Variable has it; None when there is no such Variable, or it holds something else."""
    from airflow_hpo.parameter_sets.mirror import from_mirror

    text = _variable(name)
    try:
        return None if text is None else from_mirror(text, name)
    except DeclarationError as err:
        logger.warning("%s", err)
        return None


def write_mirror(database: Database, name: str, *, create: bool) -> bool:
    """Bring the Variable of a parameter set up to date and say whether there is one. For tasks."""
    from airflow_hpo.parameter_sets.mirror import mirror

    if not create and _variable(name) is None:
        return False
    mirror(database, name, _put)
    return True


def _put(key: str, text: str) -> None:
    Variable.set(key, text, description="The champion of a parameter set, written by airflow-provider-hpo.")


def _variable(name: str) -> str | None:
    from airflow_hpo.parameter_sets.mirror import mirror_key

    return find_variable(mirror_key(name))


def _stored(database: Database, name: str) -> ParameterVersion:
    from airflow_hpo.parameter_sets.history import find_version
    from airflow_hpo.storage import migrate

    if not database.exists:
        # Production may only read: that must not leave an empty database behind.
        raise _NoFileError(
            f"A parameter set is kept in the study database, but {name!r} cannot be, because {database.name} does not exist. "
            "Define the connection of the study database, or promote something."
        )
    migrate.check(database)
    return find_version(database, name)


def _defaulted(name: str, params: Mapping[str, Any]) -> ParameterVersion:
    from airflow_hpo.core.parameter_set import ParameterVersion, Provenance, check_params
    from airflow_hpo.storage.column_types import utc_now

    logger.info("Nothing of %s is in use yet; the default is taken.", name)
    return ParameterVersion(name, 0, check_params(params), Provenance(source="default"), utc_now())
