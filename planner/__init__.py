"""The planner decides: scenario -> instance -> solution -> plan. Front door: `python -m planner`.

Modules are imported where they are used and nothing here, so that `--help` answers at once.
"""

__all__ = [
    "achieved",
    "assemble",
    "canonical",
    "checkout",
    "console",
    "errors",
    "gpu_map",
    "ground",
    "highs",
    "interrupt",
    "joint",
    "master",
    "numbers_told",
    "plan",
    "polish",
    "repair",
    "run_plan",
    "scenario",
    "scenario_faults",
    "search",
    "sentences",
    "settings",
    "setup_told",
    "shadow",
    "solution",
    "tables",
    "verify",
    "verify_routing",
    "verify_slo",
    "version",
    "watch",
    "yamlfile",
]
