"""What is told: named tables become workbooks, charts, deploy bundles. No plan and no Pyomo is known here.

Modules are imported where they are used.
"""

__all__ = [
    "charts",
    "input_sheets",
    "sheets_book",
    "sheets_charts",
    "sheets_checks",
    "sheets_gpus",
    "sheets_latency",
    "sheets_more",
    "sheets_plan",
    "sheets_summary",
    "sheets_table",
    "style",
    "workbook",
]
