"""Columns: those that nothing reads are no longer written; editions keep the time zone of their windows and have generations.

Timeouts of editions that are opened from now on count only while attempts run; the others go on to count from the start.
An attempt has the moment of its last line, the tag of its image, and where the pruner gave it up; of attempts that are there
none of these is known.
An edition that is there is the first generation of its run, and what is not known of the DAG run that opened it stays empty.
An edition has the end of its data; one that is there counts by the time when it was created.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")

TABLES = ()
"""What this revision creates: no table."""

# A task of the version before that still runs selects and writes them, so a later revision drops them.
LEFT = ("fingerprint", "search_fingerprint")
MOMENT: Any = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
GENERATION: dict[str, Any] = {
    "generation": sa.Integer(),
    "clear_number": sa.Integer(),
    "run_started": MOMENT,
    "run_type": sa.String(50),
    "afresh": TEXT,
    "afresh_wanted": TEXT,
}

DOUBLE: Any = sa.Double()

TAGS = "ix_hpo_attempts_image_tag_started_at"


def upgrade() -> None:
    with op.batch_alter_table("hpo_editions") as editions:
        for name in LEFT:
            editions.alter_column(name, existing_type=sa.String(16), nullable=True)
        editions.add_column(sa.Column("timezone", sa.String(64)))
        editions.add_column(sa.Column("worked_seconds", DOUBLE))
        editions.add_column(sa.Column("looked_at", MOMENT))
        for name, kind in GENERATION.items():
            editions.add_column(sa.Column(name, kind))
        editions.add_column(sa.Column("data_until", MOMENT))
    with op.batch_alter_table("hpo_evaluations") as evaluations:
        evaluations.drop_column("tuned")
    with op.batch_alter_table("hpo_batches") as batches:
        batches.drop_column("sealed_at")
    with op.batch_alter_table("hpo_parameter_versions") as versions:
        versions.drop_column("fingerprint")
    op.add_column("hpo_attempts", sa.Column("heard_at", MOMENT))
    op.add_column("hpo_attempts", sa.Column("image_tag", sa.String(512)))
    op.add_column("hpo_attempts", sa.Column("verdict", TEXT))
    op.create_index(TAGS, "hpo_attempts", ["image_tag", "started_at"])


def downgrade() -> None:
    op.drop_index(TAGS, "hpo_attempts")
    op.drop_column("hpo_attempts", "verdict")
    op.drop_column("hpo_attempts", "image_tag")
    op.drop_column("hpo_attempts", "heard_at")
    with op.batch_alter_table("hpo_evaluations") as evaluations:
        evaluations.add_column(sa.Column("tuned", sa.String(512)))
    bring_back("hpo_batches", "sealed_at", MOMENT, datetime.now(UTC))
    bring_back("hpo_parameter_versions", "fingerprint", sa.String(16), "")
    rows = sa.table("hpo_editions", *(sa.column(name, sa.String) for name in LEFT))
    for name in LEFT:
        op.execute(rows.update().where(rows.c[name].is_(None)).values({name: ""}))
    with op.batch_alter_table("hpo_editions") as editions:
        for name in LEFT:
            editions.alter_column(name, existing_type=sa.String(16), nullable=False)
        editions.drop_column("looked_at")
        editions.drop_column("worked_seconds")
        editions.drop_column("data_until")
        editions.drop_column("timezone")
        for name in GENERATION:
            editions.drop_column(name)


def bring_back(table: str, name: str, kind: sa.types.TypeEngine[Any], value: object) -> None:
    """Add a column that may not be empty and that nothing reads, with one value in all rows."""
    op.add_column(table, sa.Column(name, kind))
    op.execute(sa.table(table, sa.column(name, kind)).update().values({name: value}))
    with op.batch_alter_table(table) as changed:
        changed.alter_column(name, existing_type=kind, nullable=False)
