"""What we know: records, tables and catalogues of what was measured, and how bad input is told.

Modules are imported where they are used.
"""

__all__ = [
    "catalogue",
    "cells",
    "curves",
    "faults",
    "hygiene",
    "hygiene_neighbours",
    "importers",
    "records",
    "scores",
    "sheets",
    "tables",
    "trace",
]
