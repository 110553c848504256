"""How the reader calls the command line: commands in messages begin so."""

import sys
from pathlib import Path

from planner.packed_files import IS_WHEEL

__all__ = ["COMMAND", "PROGRAM"]

COMMAND = "llm-planner"
"""The console command of an installed planner."""

PROGRAM = COMMAND if IS_WHEEL or Path(sys.argv[0]).stem == COMMAND else "python -m planner"
