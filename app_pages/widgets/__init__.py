"""TODO: what app_pages/widgets is."""
