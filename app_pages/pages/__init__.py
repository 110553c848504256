"""TODO: what app_pages/pages is."""
