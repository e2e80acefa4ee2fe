"""Create the tables of version 0.1.0."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
MOMENT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")

TABLES = ("hpo_metrics", "hpo_attempts", "hpo_batches", "hpo_editions")
"""What this revision creates, in the order in which it can be dropped."""


def upgrade() -> None:
    create_editions()
    create_batches()
    create_attempts()
    create_metrics()


def create_editions() -> None:
    op.create_table(
        "hpo_editions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("family", sa.String(200), nullable=False),
        sa.Column("run", sa.String(311), nullable=False),
        sa.Column("declaration", TEXT, nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("search_fingerprint", sa.String(16), nullable=False),
        sa.Column("dag_id", sa.String(250)),
        sa.Column("run_id", sa.String(250)),
        sa.Column("group_id", sa.String(250)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("end", sa.String(20)),
        sa.Column("reason", TEXT),
        sa.Column("best_number", sa.Integer()),
        sa.Column("best_value", sa.Double()),
        sa.Column("stop_reason", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_hpo_editions"),
        sa.UniqueConstraint("name", name="uq_hpo_editions_name"),
        **MYSQL,
    )
    op.create_index("ix_hpo_editions_family_created_at", "hpo_editions", ["family", "created_at"])


def create_batches() -> None:
    op.create_table(
        "hpo_batches",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("edition_id", "batch", name="pk_hpo_batches"),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["hpo_editions.id"], name="fk_hpo_batches_edition_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )


def create_attempts() -> None:
    op.create_table(
        "hpo_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("dag_id", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("task_id", sa.String(250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("backend", sa.String(32), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("work", sa.String(64)),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20)),
        sa.Column("reason", TEXT),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("log_tail", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_hpo_attempts"),
        sa.UniqueConstraint("edition_id", "number", "attempt", name="uq_hpo_attempts_edition_id_number_attempt"),
        sa.UniqueConstraint(
            *("dag_id", "run_id", "task_id", "map_index", "try_number", "edition_id", "number"),
            name="uq_hpo_attempts_task",
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["hpo_editions.id"], name="fk_hpo_attempts_edition_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )
    op.create_index("ix_hpo_attempts_edition_id_outcome", "hpo_attempts", ["edition_id", "outcome"])


def create_metrics() -> None:
    op.create_table(
        "hpo_metrics",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("step", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", "name", "step", name="pk_hpo_metrics"),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["hpo_attempts.id"], name="fk_hpo_metrics_attempt_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
