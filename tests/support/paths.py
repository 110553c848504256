"""Where the checkout is, and where the shared inputs are that some tests use when they are
present.
"""

from pathlib import Path

__all__ = ["EXAMPLES", "HOME", "SHARED"]

HOME = Path(__file__).resolve().parents[2]
"""The checkout."""
EXAMPLES = HOME / "examples"
SHARED = HOME.parent / "shared"
"""Inputs and data next to the checkout; tests that need them are skipped where it is missing."""
