"""What is told: named tables become workbooks, charts, deploy bundles.

No plan and no Pyomo is known here.

Modules are imported where they are used.
"""

__all__ = [
    "charts",
    "deploy_compose",
    "deploy_kubernetes",
    "deploy_litellm",
    "deploy_markdown",
    "deploy_notes",
    "deploy_readme",
    "deploy_shell",
    "deploy_words",
    "dual_price_plugin",
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
