"""What Alembic runs for a migration: on the connection, and within the transaction, that
planner.library.library_schema hands over, so that a migration is done whole or not at all.
"""

from alembic import context

from planner.library.kept_tables import KeptTable
from planner.library.library_schema import VERSION_TABLE

__all__ = ["run_library_migrations"]


def run_library_migrations() -> None:
    """Run the steps from the database's version to the newest."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=KeptTable.metadata,
        version_table=VERSION_TABLE,
    )
    context.run_migrations()


# Alembic imports this file and calls nothing in it.
run_library_migrations()
