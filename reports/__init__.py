"""What is told: named tables become workbooks, charts, deploy bundles. No plan and no Pyomo is known here.

Modules are imported where they are used.
"""

__all__: list[str] = []
