"""Migrations of the library's tables, run by Alembic: `versions` has a file a change."""
