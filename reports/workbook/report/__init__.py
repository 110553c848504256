"""The sheets of the report, one file per sheet (or two that belong together)."""
