"""TODO: what models/serving is."""
