"""The workbook of a report on classes and cases."""
