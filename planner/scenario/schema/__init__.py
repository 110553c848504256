"""The scenario file: its keys, the faults of a content, and paths into it."""
