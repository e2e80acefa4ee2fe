"""Location of a study database, from the fields of an Airflow connection."""

import os
from pathlib import Path

from airflow.sdk import Connection
from sqlalchemy import URL

from airflow_hpo.exceptions import StoreRefusedError
from airflow_hpo.storage.database import Database

DIALECTS = {"postgres": "postgresql", "postgresql": "postgresql", "mysql": "mysql", "sqlite": "sqlite"}
DEFAULT_SCHEMA = "hpo"
DRIVER_EXTRAS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name")
"""Extra fields of a PostgreSQL connection that are handed to the driver."""


def from_connection(connection: Connection) -> Database:
    """Return the location of the studies from a connection."""
    extra = connection.extra_dejson
    if not isinstance(extra, dict):
        raise StoreRefusedError(
            f"The extra field of a connection is a JSON object, but that of {connection.conn_id!r} is a "
            f"{type(extra).__name__}. Write an object, such as {{}}."
        )
    named = extra.get("dialect", "postgresql") if connection.conn_type == "hpo" else connection.conn_type
    dialect = DIALECTS.get(str(named))
    if dialect is None:
        raise StoreRefusedError(
            f"Studies are kept in postgresql, mysql or sqlite, but connection {connection.conn_id!r} names {named!r}. "
            "Correct its dialect."
        )
    if dialect == "sqlite":
        return Database.sqlite(_sqlite_path(connection))
    query = {name: str(extra[name]) for name in DRIVER_EXTRAS if dialect == "postgresql" and name in extra}
    host = connection.host or ""
    if host.startswith("/") and dialect == "postgresql":
        # The folder of a socket is no host in a URL.
        query, host = {**query, "host": host}, ""
    url = URL.create(
        dialect,
        username=connection.login or None,
        password=connection.password if connection.login else None,
        host=host or None,
        port=connection.port,
        database=connection.schema or None,
        query=query,
    )
    schema = extra.get("db_schema", DEFAULT_SCHEMA) if dialect == "postgresql" else None
    return Database.of(url, schema=schema or None)


def default_database() -> Database:
    """Return the SQLite file in AIRFLOW_HOME that is used without any connection."""
    home = os.environ.get("AIRFLOW_HOME") or "~/airflow"
    return Database.sqlite(Path(home).expanduser() / "hpo.db")


def _sqlite_path(connection: Connection) -> Path:
    path = connection.schema if connection.conn_type == "hpo" else (connection.schema or connection.host)
    if not path:
        raise StoreRefusedError(
            f"A SQLite connection names its file in the field Database, but {connection.conn_id!r} leaves it empty. "
            "Give an absolute path."
        )
    return Path(path)
