"""Create the table of purges, which says who deleted trials of an edition, when, and where they are archived.

No edition that is there has been purged.
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

TABLES = ("hpo_purges",)
"""What this revision creates."""


def upgrade() -> None:
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


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
