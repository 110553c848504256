"""The sheets of the report, one file a sheet (or two that belong together)."""
