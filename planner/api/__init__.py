"""The Python API: what `import planner` offers to notebooks and scripts (docs/api.md)."""
