"""Keep the slots of trials, how far the log of a pod was read, and what an attempt waits for before its program starts.

A trial that ran before, or runs while this migrates, has no row: what runs it does not ask for a slot. Attempts that are there keep
`reading` empty: a watcher that takes one up reads its log from the beginning, as before. They keep `waits_for` empty, too: of those
that have ended it is taken that their programs ran.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
TEXT: Any = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")

TABLES: tuple[str, ...] = ()
"""What going back would lose; all of it means something only while trials run."""


def upgrade() -> None:
    create_slots()
    op.add_column("hpo_attempts", sa.Column("reading", TEXT))
    op.add_column("hpo_attempts", sa.Column("waits_for", TEXT))


def create_slots() -> None:
    op.create_table(
        "hpo_slots",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("edition_id", "number", name="pk_hpo_slots"),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["hpo_editions.id"], name="fk_hpo_slots_edition_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )


def downgrade() -> None:
    op.drop_column("hpo_attempts", "reading")
    op.drop_column("hpo_attempts", "waits_for")
    op.drop_table("hpo_slots")
