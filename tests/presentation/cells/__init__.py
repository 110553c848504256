"""Plans over cells in words and tables."""
