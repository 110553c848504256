"""The Excel workbooks, sheet by sheet."""
