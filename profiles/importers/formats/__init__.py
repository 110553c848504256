"""TODO: what profiles/importers/formats is."""
