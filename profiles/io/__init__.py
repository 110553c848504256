"""TODO: what profiles/io is."""
