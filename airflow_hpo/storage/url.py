"""URLs of databases, checked and completed."""

import importlib.util
import os
import re
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from airflow_hpo.exceptions import StoreRefusedError

DRIVERS = {"postgresql": ("psycopg2", "psycopg"), "mysql": ("mysqldb", "pymysql")}
"""Drivers by dialect, the preferred one first."""
EXTRAS = {"postgresql": "postgres", "mysql": "mysql"}
MODULES = {"mysqldb": "MySQLdb"}
ALIASES = {"postgres": "postgresql", "mariadb": "mysql"}
SCHEMA = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}\Z")
SEARCH_PATH = re.compile(r"-c\s*search_path=(\S+)")
UNFORMATTABLE = re.compile(r"[{}\x00]")


def parsed(url: str | URL) -> URL:
    """Return the URL with its dialect spelt as SQLAlchemy spells it."""
    try:
        location = make_url(url)
    except (ArgumentError, ValueError):
        # Not chained: SQLAlchemy's own message repeats the URL with its password.
        raise StoreRefusedError(
            "The study database is named by an SQLAlchemy URL, but got none. Write sqlite:////data/hpo.db, or postgresql://user@host/hpo."
        ) from None
    dialect, _, driver = location.drivername.partition("+")
    dialect = ALIASES.get(dialect, dialect)
    if dialect not in {"sqlite", *DRIVERS}:
        raise StoreRefusedError(
            f"Studies are kept in SQLite, PostgreSQL or MySQL, but the URL names {dialect!r}. Name one of them."
        )
    return location.set(drivername="+".join(filter(None, (dialect, driver))))


def with_driver(location: URL) -> URL:
    """Return the URL of a server with the driver by which it is reached."""
    dialect, _, driver = location.drivername.partition("+")
    known = DRIVERS[dialect]
    if driver and driver not in known:
        raise StoreRefusedError(
            f"{dialect} is reached by {' or '.join(known)}, but the URL names {driver!r}. Leave the driver out."
        )
    usable = [name for name in known if importlib.util.find_spec(MODULES.get(name, name))]
    if driver not in usable and (driver or not usable):
        raise StoreRefusedError(
            f"{dialect} is reached by {driver or ' or '.join(known)}, which is not installed. "
            f"Install airflow-provider-hpo[{EXTRAS[dialect]}]."
        )
    chosen = driver or usable[0]
    if chosen == "pymysql" and "ssl_mode" in location.query:
        raise StoreRefusedError(
            "An encrypted connection to MySQL is made by mysqlclient (ssl_mode), but only PyMySQL is installed or named. "
            "Install airflow-provider-hpo[mysql]."
        )
    return location.set(drivername=f"{dialect}+{chosen}")


def formattable(location: URL) -> URL:
    """Return the URL if it may be written down and read again, and ``str.format`` leaves it alone: Optuna does both."""
    try:
        location.render_as_string(hide_password=False)
    except UnicodeEncodeError:
        # Not chained: it repeats what cannot be encoded, which may be the password.
        raise StoreRefusedError(
            "A study database's location is text in UTF-8, but a part of it cannot be encoded. Correct user or password."
        ) from None
    if UNFORMATTABLE.search(location.render_as_string(hide_password=True)):
        raise StoreRefusedError("A study database's location must have no '{' and '}', which it has. Rename it.")
    if not _survives(location):
        raise StoreRefusedError(
            f"A study database's location is handed on as a URL, but host {location.host!r} and database "
            f"{location.database!r} would mean something else in one. Rename them."
        )
    return location


def _survives(location: URL) -> bool:
    try:
        return make_url(location.render_as_string(hide_password=False)) == location
    except (ArgumentError, ValueError):
        return False


def file_path(path: str | Path) -> str:
    """Return the absolute path of a file."""
    try:
        os.fsencode(path)
        return str(Path(path).resolve())
    except (ValueError, OSError, RuntimeError) as err:
        raise StoreRefusedError(
            f"An SQLite study database is a file, but none can be called {str(path)!r} ({err}). Name another."
        ) from err


def refuse_schema(schema: str | None, remedy: str) -> None:
    """Raise when a schema is given where there are none."""
    if schema is not None:
        raise StoreRefusedError(f"Only PostgreSQL has schemas, but got schema={schema!r} for {remedy}.")


def with_schema(location: URL, schema: str | None) -> tuple[URL, str | None]:
    """Return the URL without a search path, and the schema: the given one, else the one that the search path names.

    A search path of several schemas stays in the URL.
    """
    found = SEARCH_PATH.search(_options_of(location))
    if schema is None and (found is None or not SCHEMA.match(found[1])):
        return location, None
    schema = found[1] if schema is None and found else schema
    if not isinstance(schema, str) or not SCHEMA.match(schema):
        raise StoreRefusedError(
            f"A schema's name has lower-case letters, digits and '_', 63 at most, but got {schema!r}. Rename it."
        )
    options = SEARCH_PATH.sub("", _options_of(location)).strip()
    bare = location.difference_update_query(["options"])
    return (bare.update_query_dict({"options": options}) if options else bare), schema


def with_search_path(location: URL, schema: str | None) -> URL:
    """Return the URL with a schema as its search path, in addition to the options that it has."""
    if schema is None:
        return location
    return location.update_query_dict({"options": f"{_options_of(location)} -csearch_path={schema}".strip()})


def _options_of(location: URL) -> str:
    options = location.query.get("options", "")
    return options if isinstance(options, str) else " ".join(options)
