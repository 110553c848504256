"""Whether the packages that run are the planner's own: `models`, `profiles` and `reports` are names
that others use too, and PyPI's `llm-d-planner` installs a `planner`.

Imports nothing of what it looks for: it runs before everything else of ours is imported.
"""

from importlib.util import find_spec
from pathlib import Path

from planner.packed_files import IS_WHEEL

__all__ = ["foreign_packages"]

HOME = Path(__file__).resolve().parents[2]
"""The folder that holds our packages: a checkout's, or an environment's site-packages."""

PACKAGES = ("planner", "models", "profiles", "reports")

FIX = (
    "install the planner into a separate environment (docs/install.md), and use `llm-planner`,"
    " which takes nothing from the current folder"
    if IS_WHEEL
    else f"run from {HOME}, in an environment without that package"
)


def foreign_packages() -> list[str]:
    """One sentence with the fix for every package of ours that Python would import from elsewhere;
    empty when all are our own.
    """
    faults = []
    for package in PACKAGES:
        spec = find_spec(package)
        origin = None if spec is None or spec.origin is None else Path(spec.origin).resolve()
        if origin is None or origin.parent != HOME / package:
            where = "is missing" if origin is None else f"is taken from {origin.parent}"
            faults.append(f"the package `{package}` {where}, not from {HOME / package}; {FIX}")
    return faults
