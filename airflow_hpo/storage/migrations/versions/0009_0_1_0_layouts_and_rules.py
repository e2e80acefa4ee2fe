"""Keep for how many trials an edition's tasks were laid out, and what is wrong with its stop rule.

Both are empty in editions that are there: their layout is not known and refuses nothing, and they have no rule.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES: tuple[str, ...] = ()
"""What going back would lose."""


def upgrade() -> None:
    op.add_column("hpo_editions", sa.Column("layout", sa.JSON()))
    op.add_column("hpo_editions", sa.Column("rule_trouble", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")))


def downgrade() -> None:
    op.drop_column("hpo_editions", "rule_trouble")
    op.drop_column("hpo_editions", "layout")
