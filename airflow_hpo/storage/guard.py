"""Guard against databases of other applications, before anything is created in them.

Optuna keeps its revision in ``alembic_version``, the very table in which Airflow (or MLflow) keeps its own: in one
schema they break each other's migrations.
"""

import re

from sqlalchemy import Connection, String, column, inspect, select, table, text

from airflow_hpo.exceptions import StoreRefusedError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.driver_errors import translated

AIRFLOW_TABLES = frozenset({"dag", "dag_run", "task_instance", "slot_pool", "serialized_dag"})
OPTUNA_REVISION = re.compile(r"^v\d+\.\d+\.\d+\.[a-z]$")


def refuse_foreign(database: Database) -> None:
    """Raise unless studies may be kept there; nothing is changed or created."""
    if not database.exists:
        return
    with translated(database.name), database.connect(read_only=True) as connection:
        tables = set(inspect(connection).get_table_names())
        _refuse_airflow(database, tables)
        if "alembic_version" in tables:
            _refuse_revisions(database, connection)
        if database.schema:
            _refuse_airflows_first_schema(database, connection)


def refuse_other_schema(database: Database, connection: Connection) -> None:
    """Raise when statements would go to another schema than the one that is named; None is in force until it exists."""
    found = connection.scalar(text("SELECT current_schema()"))
    if found not in (database.schema, None):
        raise StoreRefusedError(
            f"Tables must be in the schema that db_schema names, but in {database.name} {found!r} is in force. Have the pooler "
            f"keep a transaction on one connection (pool_mode = transaction or session), or connect without it."
        )


def refuse_collation(database: Database) -> None:
    """Raise where new tables would confuse names: Optuna's take the character set and collation of a MySQL database."""
    if database.dialect != "mysql":
        return
    with translated(database.name), database.connect(read_only=True) as connection:
        found = str(connection.scalar(text("SELECT @@collation_database")))
    if not (found.startswith("utf8mb4") and found.endswith("_bin")):
        raise StoreRefusedError(
            f"A MySQL database must keep the letters and the case of names, but {database.name} has the collation {found}. "
            f"Run `ALTER DATABASE {database.location.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`."
        )


def _refuse_airflow(database: Database, tables: set[str]) -> None:
    found = sorted(tables & AIRFLOW_TABLES)
    if len(found) > 1:
        raise StoreRefusedError(
            f"The study database must not be Airflow's own, but {database.name} has the tables {', '.join(found)}. "
            f"Name another database, or on PostgreSQL another schema."
        )


def _refuse_revisions(database: Database, connection: Connection) -> None:
    revisions = connection.scalars(select(column("version_num", String)).select_from(table("alembic_version"))).all()
    foreign = [revision for revision in revisions if not OPTUNA_REVISION.match(revision)]
    if foreign:
        raise StoreRefusedError(
            f"The study database must not be another application's, but the alembic_version of {database.name} is "
            f"{foreign[0]!r}, which is not Optuna's. Name another database, or on PostgreSQL another schema."
        )


def _refuse_airflows_first_schema(database: Database, connection: Connection) -> None:
    """PostgreSQL looks into the schema of a role's own name before any other: there Airflow would find Optuna's revision."""
    owned = select(column("schemaname", String)).select_from(table("pg_tables"))
    first = owned.where(column("tablename") == "dag_run", column("tableowner") == database.schema)
    found = connection.scalars(first.where(column("schemaname") != database.schema)).first()
    if found:
        raise StoreRefusedError(
            f"Airflow must not find the study schema first, but the role that owns its tables in {found!r} is called "
            f"{database.schema!r}, as the schema is. Name the schema otherwise."
        )
