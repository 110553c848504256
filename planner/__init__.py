"""The planner decides: scenario -> instance -> solution -> plan.

Modules are imported where they are used and nothing here, so that `--help` answers at once.
"""
