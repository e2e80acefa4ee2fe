"""Create the tables of owners and of groups that share an edition; each group has batches of its own.

Studies and parameter sets that are there have no owner yet: they belong to the first DAG that opens or promotes them.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
MOMENT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")

BATCH = (
    sa.column("edition_id", sa.Integer),
    sa.column("batch", sa.Integer),
    sa.column("size", sa.Integer),
    sa.column("sealed_at", MOMENT),
)
SHARER = sa.column("sharer", sa.String)

TABLES = ("hpo_owners", "hpo_sharers")
"""What this revision creates, in the order in which it can be dropped."""


def upgrade() -> None:
    create_owners()
    create_sharers()
    batches = take_batches(*BATCH)
    create_batches("edition_id", "sharer", "batch")
    write_batches([{**batch, "sharer": ""} for batch in batches], *BATCH, SHARER)
    op.add_column("hpo_editions", sa.Column("text_values", sa.Boolean()))


def create_owners() -> None:
    op.create_table(
        "hpo_owners",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("study", sa.String(200)),
        sa.Column("dag_id", sa.String(250), nullable=False),
        sa.Column("group_id", sa.String(250)),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_hpo_owners"),
        **MYSQL,
    )


def create_sharers() -> None:
    op.create_table(
        "hpo_sharers",
        sa.Column("edition_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dag_id", sa.String(250), nullable=False),
        sa.Column("group_id", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.PrimaryKeyConstraint("edition_id", "dag_id", "group_id", name="pk_hpo_sharers"),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["hpo_editions.id"], name="fk_hpo_sharers_edition_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )


def take_batches(*columns: sa.ColumnClause[Any]) -> list[dict[str, Any]]:
    """Return the batches and drop their table: MySQL changes no primary key that a foreign key needs."""
    found = op.get_bind().execute(sa.select(*columns).select_from(sa.table("hpo_batches"))).mappings().all()
    op.drop_table("hpo_batches")
    return [dict(row) for row in found]


def create_batches(*key: str) -> None:
    columns = [sa.Column("sharer", sa.String(501), nullable=False)] if "sharer" in key else []
    op.create_table(
        "hpo_batches",
        sa.Column("edition_id", sa.Integer(), autoincrement=False, nullable=False),
        *columns,
        sa.Column("batch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint(*key, name="pk_hpo_batches"),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["hpo_editions.id"], name="fk_hpo_batches_edition_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )


def write_batches(batches: list[dict[str, Any]], *columns: sa.ColumnClause[Any]) -> None:
    op.bulk_insert(sa.table("hpo_batches", *columns), batches)


def downgrade() -> None:
    op.drop_column("hpo_editions", "text_values")
    batches = take_batches(*BATCH, SHARER)
    create_batches("edition_id", "batch")
    write_batches([batch for batch in batches if not batch.pop("sharer")], *BATCH)
    for name in TABLES:
        op.drop_table(name)
