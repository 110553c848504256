"""TODO: what app_pages/session is."""
