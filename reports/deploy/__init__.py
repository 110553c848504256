"""TODO: what reports/deploy is."""
