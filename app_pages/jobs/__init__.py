"""TODO: what app_pages/jobs is."""
