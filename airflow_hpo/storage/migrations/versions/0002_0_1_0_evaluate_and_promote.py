"""Create the tables of evaluations, comparisons and parameter sets."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
MOMENT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")

TABLES = ("hpo_promotions", "hpo_champions", "hpo_parameter_versions", "hpo_comparisons", "hpo_evaluations")
"""What this revision creates, in the order in which it can be dropped."""


def upgrade() -> None:
    create_evaluations()
    create_comparisons()
    create_parameter_versions()
    create_champions()
    create_promotions()


def create_evaluations() -> None:
    op.create_table(
        "hpo_evaluations",
        sa.Column("edition_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tuned", sa.String(512)),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.Column("plan", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("edition_id", name="pk_hpo_evaluations"),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["hpo_editions.id"], name="fk_hpo_evaluations_edition_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )


def create_comparisons() -> None:
    op.create_table(
        "hpo_comparisons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.String(512), nullable=False),
        sa.Column("family", sa.String(200), nullable=False),
        sa.Column("parameter_set", sa.String(200)),
        sa.Column("champion_version", sa.Integer()),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("sentence", TEXT, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("selection", TEXT),
        sa.Column("report", TEXT, nullable=False),
        sa.Column("evaluations", sa.JSON(), nullable=False),
        sa.Column("dag_id", sa.String(250)),
        sa.Column("run_id", sa.String(250)),
        sa.Column("task_id", sa.String(250)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hpo_comparisons"),
        sa.UniqueConstraint("digest", name="uq_hpo_comparisons_digest"),
        **MYSQL,
    )
    op.create_index("ix_hpo_comparisons_family_created_at", "hpo_comparisons", ["family", "created_at"])
    op.create_index("ix_hpo_comparisons_dag_id_run_id", "hpo_comparisons", ["dag_id", "run_id"])


def create_parameter_versions() -> None:
    op.create_table(
        "hpo_parameter_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("params", TEXT, nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("provenance", TEXT, nullable=False),
        sa.Column("restores", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hpo_parameter_versions"),
        sa.UniqueConstraint("name", "version", name="uq_hpo_parameter_versions_name_version"),
        **MYSQL,
    )


def create_champions() -> None:
    op.create_table(
        "hpo_champions",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("moved_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_hpo_champions"),
        **MYSQL,
    )


def create_promotions() -> None:
    op.create_table(
        "hpo_promotions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("from_version", sa.Integer()),
        sa.Column("to_version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("key", sa.String(512)),
        sa.Column("by", TEXT),
        sa.Column("reason", TEXT),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hpo_promotions"),
        sa.UniqueConstraint("name", "key", name="uq_hpo_promotions_name_key"),
        **MYSQL,
    )


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
