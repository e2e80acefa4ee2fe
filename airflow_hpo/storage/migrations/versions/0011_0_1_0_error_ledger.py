"""Keep what each comparison was charged of its parameter set's error budget, and the scenarios that it used.

Comparisons that are there get no row: which scenarios they used is not known of all, and never guessed. They are charged nothing, and
named as not counted.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
MOMENT: Any = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
TEXT: Any = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")

TABLES: tuple[str, ...] = ("hpo_error_ledger",)
"""What going back would lose."""


def upgrade() -> None:
    op.create_table(
        "hpo_error_ledger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parameter_set", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("comparison_id", sa.Integer(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("scenarios", TEXT, nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("charged", sa.Double(), nullable=False),
        sa.Column("charged_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hpo_error_ledger"),
        sa.UniqueConstraint("digest", name="uq_hpo_error_ledger_digest"),
        sa.ForeignKeyConstraint(
            ["comparison_id"], ["hpo_comparisons.id"], name="fk_hpo_error_ledger_comparison_id", ondelete="CASCADE"
        ),
        **MYSQL,
    )
    for name in ("parameter_set", "comparison_id"):
        op.create_index(f"ix_hpo_error_ledger_{name}", "hpo_error_ledger", [name])


def downgrade() -> None:
    op.drop_table("hpo_error_ledger")
