"""How the command line was called: commands that it shows to the reader begin so."""

import sys
from pathlib import Path

__all__ = ["COMMAND", "PROGRAM"]

COMMAND = "llm-planner"
"""The console command of an installed planner."""

PROGRAM = COMMAND if Path(sys.argv[0]).stem == COMMAND else "python -m planner"
