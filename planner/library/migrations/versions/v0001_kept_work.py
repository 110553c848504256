"""Records of scenarios, plans and studies, their files by content, tags."""

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "planner_blob",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "planner_record",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("created_s", sa.BigInteger, nullable=False),
        sa.Column("changed_s", sa.BigInteger, nullable=False),
        sa.Column("planner_version", sa.String(40), nullable=False),
        sa.Column("scenario_sha256", sa.String(64), nullable=False, index=True),
        sa.Column("scenario_name", sa.Text, nullable=False),
        sa.Column("scenario_file", sa.Text, nullable=False),
        sa.Column("overrides", sa.Text, nullable=False),
        _blob_hash("content_sha256", nullable=True),
        sa.Column("study", sa.String(20), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "planner_record_scenario_once",
        "planner_record",
        ["scenario_sha256", sa.text("coalesce(owner, '')")],
        unique=True,
        sqlite_where=sa.text("kind = 'scenario'"),
        postgresql_where=sa.text("kind = 'scenario'"),
    )
    op.create_table(
        "planner_figures",
        _record_key(),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("objective_of", sa.String(20), nullable=False),
        *(sa.Column(name, sa.Double) for name in ("value", "bound", "rel_gap", "quality")),
        sa.Column("cost_usd_per_h", sa.Double),
        sa.Column("gpus_used", sa.Integer),
        sa.Column("wall_s", sa.Double),
    )
    op.create_table(
        "planner_file",
        _record_key(),
        sa.Column("name", sa.Text, primary_key=True),
        _blob_hash("sha256", nullable=False),
    )
    op.create_table(
        "planner_tag",
        _record_key(),
        sa.Column("tag", sa.Text, primary_key=True),
    )


def downgrade() -> None:
    """Drop all tables, and what was kept in them."""
    for table in ("tag", "file", "figures", "record", "blob"):
        op.drop_table(f"planner_{table}")


def _record_key() -> sa.Column[int]:
    """The column that leads to the record."""
    key = sa.ForeignKey("planner_record.id", ondelete="CASCADE")
    return sa.Column("record_id", sa.Integer, key, primary_key=True)


def _blob_hash(name: str, *, nullable: bool) -> sa.Column[str]:
    """A column that leads to a blob."""
    key = sa.ForeignKey("planner_blob.sha256")
    return sa.Column(name, sa.String(64), key, nullable=nullable, index=True)
