"""TODO: what app_pages/charts is."""
