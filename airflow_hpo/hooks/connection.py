"""Location of a study database, from the fields of an Airflow connection."""

import json
import os
from pathlib import Path
from typing import Any

from airflow.sdk import Connection
from sqlalchemy import URL

from airflow_hpo.exceptions import StoreRefusedError
from airflow_hpo.storage.database import Database

DIALECTS = {"postgres": "postgresql", "postgresql": "postgresql", "mysql": "mysql", "sqlite": "sqlite"}
DEFAULT_SCHEMA = "hpo"
OURS = {"dialect", "db_schema"}
"""Extra fields that say where studies are kept; Airflow's form fills in both, whatever the database."""
DRIVER_EXTRAS = {
    "postgresql": {
        *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "ssl_min_protocol_version"),
        *("channel_binding", "gssencmode", "krbsrvname", "passfile", "target_session_attrs", "options"),
        *("connect_timeout", "tcp_user_timeout", "application_name"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    },
    "mysql": {
        *("ssl_mode", "ssl_ca", "ssl_cert", "ssl_key", "ssl_capath", "ssl_cipher", "ssl_check_hostname"),
        *("connect_timeout", "read_timeout", "write_timeout", "unix_socket"),
    },
    "sqlite": set(),
}
"""Extra fields that are handed to the driver."""
OF_OTHER_HOOKS = {"cursor"}
"""Extra fields by which other hooks hand out rows; they mean nothing here."""


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
            'Write its extra as {"dialect": "postgresql"}.'
        )
    query = _driver_options(connection, dialect, extra)
    if dialect == "sqlite":
        return Database.sqlite(_sqlite_path(connection))
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


def _driver_options(connection: Connection, dialect: str, extra: dict[str, Any]) -> dict[str, str]:
    """Return the extra fields for the driver; what is not understood may be the encryption that is asked for."""
    given = {
        name: value for name, value in extra.items() if name not in OURS | OF_OTHER_HOOKS and value not in (None, "")
    }
    if dialect == "mysql" and "ssl" in given:
        given |= {f"ssl_{name}": value for name, value in _ssl_fields(connection, given.pop("ssl")).items()}
    if unknown := sorted(given.keys() - DRIVER_EXTRAS[dialect]):
        known = ", ".join(sorted(OURS | DRIVER_EXTRAS[dialect]))
        raise StoreRefusedError(
            f"The extra field of a connection to {dialect} may have {known}, but that of {connection.conn_id!r} has "
            f"{', '.join(unknown)}. Correct or remove it."
        )
    options = {name: str(value) for name, value in given.items()}
    if dialect == "mysql" and any(name.startswith("ssl_") for name in options):
        # Otherwise the driver goes on in plain text with a server that does not encrypt.
        options.setdefault("ssl_mode", "REQUIRED")
    return options


def _ssl_fields(connection: Connection, ssl: Any) -> dict[str, Any]:
    """Return the object in the field ``ssl``, which Airflow's MySQL hook also takes as JSON text."""
    try:
        fields = json.loads(ssl) if isinstance(ssl, str) else ssl
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise StoreRefusedError(
            f"The extra field ssl is an object with ca, cert and key, but that of {connection.conn_id!r} is another thing. "
            f'Write {{"ssl": {{"ca": "/path/to/ca.pem"}}}}.'
        )
    return fields


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
