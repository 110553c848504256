"""Plans over cells in words and tables: cases, classes, lanes, lost nodes."""
