"""Owners by name, records shared with all, links to records, drafts of visitors."""

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables; records of before belong to nobody and are shared with nobody."""
    name = sa.Column("owner_name", sa.Text, nullable=False, server_default="")
    op.add_column("planner_record", name)
    shared = sa.Column("is_shared", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("planner_record", shared)
    record = sa.ForeignKey("planner_record.id", ondelete="CASCADE")
    op.create_table(
        "planner_share",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("record_id", sa.Integer, record, nullable=False, unique=True),
        sa.Column("created_s", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "planner_draft",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("visitor", sa.String(64), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("saved_s", sa.BigInteger, nullable=False),
        sa.Column("planner_version", sa.String(40), nullable=False),
        sa.Column("scenario_file", sa.Text, nullable=False),
        sa.Column("overrides", sa.Text, nullable=False),
        _blob_hash("content_sha256", nullable=True),
        sqlite_autoincrement=True,
    )
    draft = sa.ForeignKey("planner_draft.id", ondelete="CASCADE")
    op.create_table(
        "planner_draft_file",
        sa.Column("draft_id", sa.Integer, draft, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        _blob_hash("sha256", nullable=False),
    )


def downgrade() -> None:
    """Drop the tables and columns, and what was in them."""
    for table in ("draft_file", "draft", "share"):
        op.drop_table(f"planner_{table}")
    for column in ("is_shared", "owner_name"):
        op.drop_column("planner_record", column)


def _blob_hash(name: str, *, nullable: bool) -> sa.Column[str]:
    """A column that leads to a blob."""
    key = sa.ForeignKey("planner_blob.sha256")
    return sa.Column(name, sa.String(64), key, nullable=nullable, index=True)
