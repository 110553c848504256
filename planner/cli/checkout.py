"""Whether the packages that run are this checkout's: PyPI's `llm-d-planner` and others install
packages of the same names.

Light on purpose (no import of what it looks for): front doors ask before they import anything else
of ours.
"""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["HOME", "foreign_packages"]

HOME = Path(__file__).resolve().parents[2]
"""The checkout's folder."""

ROOMS = ("planner", "models", "profiles", "reports")


def foreign_packages() -> list[str]:
    """One sentence for every package of ours that Python would take from elsewhere, with the mend;
    empty when all is well.
    """
    faults = []
    for room in ROOMS:
        spec = find_spec(room)
        origin = None if spec is None or spec.origin is None else Path(spec.origin).resolve()
        if origin is None or origin.parent != HOME / room:
            where = "is not found" if origin is None else f"is taken from {origin.parent}"
            faults.append(
                f"the package `{room}` {where}, not from {HOME / room}; run from {HOME}, in an"
                f" environment without a foreign `{room}`"
            )
    return faults
