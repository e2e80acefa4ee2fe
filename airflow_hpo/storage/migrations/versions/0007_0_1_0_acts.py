"""Keep what people do to editions while these run: points added, trials ended, settings changed, stops.

Editions that are there have no acts: a stop of before keeps its reason alone. `declared` is
empty where nothing was changed, and `lazy` in batches of before, which are taken for lazy where they have more trials than slots.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
TEXT: Any = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")

TABLES: tuple[str, ...] = ("hpo_acts",)
"""What going back would lose."""


def upgrade() -> None:
    create_acts()
    op.add_column("hpo_editions", sa.Column("declared", TEXT))
    op.add_column("hpo_batches", sa.Column("lazy", sa.Boolean()))


def create_acts() -> None:
    op.create_table(
        "hpo_acts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("details", TEXT, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["hpo_editions.id"], name="fk_hpo_acts_edition_id", ondelete="CASCADE"),
        **MYSQL,
    )
    op.create_index("ix_hpo_acts_edition_id", "hpo_acts", ["edition_id"])


def downgrade() -> None:
    op.drop_table("hpo_acts")
    op.drop_column("hpo_batches", "lazy")
    op.drop_column("hpo_editions", "declared")
