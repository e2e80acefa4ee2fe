"""Keep the seconds of each phase of an attempt, and what its program says besides its metrics.

Both are empty in attempts that are there: how long those waited is not known, and is never taken for nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES: tuple[str, ...] = ()
"""What going back would lose."""


def upgrade() -> None:
    op.add_column("hpo_attempts", sa.Column("seconds", sa.JSON()))
    op.add_column("hpo_attempts", sa.Column("remarks", sa.JSON()))


def downgrade() -> None:
    op.drop_column("hpo_attempts", "remarks")
    op.drop_column("hpo_attempts", "seconds")
