"""Create the tables of purges and of approvals, and keep who drained an edition.

A purge says who deleted trials of an edition, when, and where they are archived; no edition that is there has been purged.
An approval says what an approval task asked about a comparison, and who answered. Comparisons that are there keep `answers_kept`
empty: an approval task of the release before, which may wait for its answer or have it while this runs, leaves the answer in an
XCom alone. No edition that is there is drained.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
MOMENT: Any = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")

TABLES = ("hpo_purges", "hpo_approvals")
"""What this revision creates."""


def upgrade() -> None:
    create_purges()
    op.add_column("hpo_comparisons", sa.Column("answers_kept", sa.Boolean()))
    create_approvals()
    op.add_column("hpo_editions", sa.Column("drained_at", MOMENT))
    op.add_column("hpo_editions", sa.Column("drained_by", TEXT))


def create_purges() -> None:
    op.create_table(
        "hpo_purges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("archive", TEXT, nullable=False),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("complete", sa.Integer(), nullable=False),
        sa.Column("pruned", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_hpo_purges"),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["hpo_editions.id"], name="fk_hpo_purges_edition_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )
    op.create_index("ix_hpo_purges_edition_id", "hpo_purges", ["edition_id"])


def create_approvals() -> None:
    op.create_table(
        "hpo_approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comparison_id", sa.Integer(), nullable=False),
        sa.Column("dag_id", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("task_id", sa.String(250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT),
        sa.Column("choice", sa.String(20)),
        sa.Column("answered_at", MOMENT),
        sa.Column("user_id", TEXT),
        sa.Column("user_name", TEXT),
        sa.Column("params", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_hpo_approvals"),
        sa.UniqueConstraint(
            *("dag_id", "run_id", "task_id", "map_index", "try_number", "comparison_id"), name="uq_hpo_approvals_task"
        ),
        sa.ForeignKeyConstraint(
            ["comparison_id"], ["hpo_comparisons.id"], name="fk_hpo_approvals_comparison_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )
    op.create_index("ix_hpo_approvals_comparison_id", "hpo_approvals", ["comparison_id"])


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    op.drop_column("hpo_comparisons", "answers_kept")
    op.drop_column("hpo_editions", "drained_by")
    op.drop_column("hpo_editions", "drained_at")
