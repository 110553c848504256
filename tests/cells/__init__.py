"""The search over cells."""
