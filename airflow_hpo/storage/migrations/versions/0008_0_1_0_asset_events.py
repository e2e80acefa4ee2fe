"""Keep which asset events were emitted.

What editions and promotions found before this stands here as ``before``: whether its event was emitted is not known. A task that
Airflow tries again has not succeeded and emits it; one that a person cleared does not emit it a second time.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

TABLES: tuple[str, ...] = ()
"""What going back would lose; earlier releases read Airflow's own events instead."""


def upgrade() -> None:
    op.create_table(
        "hpo_asset_events",
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(512), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", "number", name="pk_hpo_asset_events"),
        **MYSQL,
    )
    names = ("family", "name", "best_number", "finished_at")
    editions = sa.table("hpo_editions", *map(sa.column, names))
    ended = editions.c.finished_at.is_not(None) & editions.c.best_number.is_not(None)
    remember("study", sa.select(editions.c.name, editions.c.best_number, editions.c.family).where(ended))
    # The command line moves a champion without a key, and emits its event itself.
    moves = sa.table("hpo_promotions", *map(sa.column, ("name", "to_version", "key")))
    by_dags = sa.select(moves.c.name, moves.c.to_version, moves.c.name.label("set_name")).where(
        moves.c.key.is_not(None)
    )
    remember("champion", by_dags.distinct())


def remember(kind: str, found: Any) -> None:
    """Insert what was found: subject, number and name."""
    events = sa.table("hpo_asset_events", *map(sa.column, ("kind", "state", "subject", "number", "name")))
    # Literals rather than parameters, whose type a server does not know in a list of columns.
    same = found.add_columns(sa.literal_column(f"'{kind}'"), sa.literal_column("'before'"))
    op.execute(sa.insert(events).from_select(["subject", "number", "name", "kind", "state"], same))


def downgrade() -> None:
    op.drop_table("hpo_asset_events")
