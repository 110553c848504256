"""The planner's version; in a separate file so that `--version` loads nothing else."""

__all__ = ["VERSION"]

VERSION = "0.2.0"
