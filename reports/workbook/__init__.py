"""TODO: what reports/workbook is."""
