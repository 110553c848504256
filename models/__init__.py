"""The mathematics alone: latency curves, quality and its dual prices, capacity, placement, the
Pyomo program, step times and batching.

Nothing here solves a plan, reads files or knows a scenario; modules are imported where they are
used.
"""

__all__ = [
    "batching",
    "calibration",
    "calibration_frozen",
    "capacity",
    "cascade",
    "envelope",
    "fitted_queue",
    "formulation",
    "instance",
    "latency",
    "linear",
    "nogood",
    "patterns",
    "placement",
    "program",
    "quality",
    "relaxation",
    "router",
    "step_time",
    "workload",
]
