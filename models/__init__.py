"""The mathematics alone: latency curves, quality and its dual prices, capacity, placement, the Pyomo program.

Nothing here solves, reads files or knows a scenario; modules are imported where they are used.
"""

__all__ = [
    "capacity",
    "cascade",
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
]
